//! The pages of privacy and of the audit log: forms become commands, and what the Portal tells becomes pages.

use worker::Response;

use crate::{
    api::prospect,
    console::{
        audit::{self, AuditView},
        fill,
        privacy::{self, AskEraseView, AskLiftView, HeldView, PersonForm, PrivacyView, RetentionView},
        view::{Flash, Notice, Tone},
    },
    engine::portal::{
        blocks::{Command as Blocks, Whom},
        messages::{Answer, Command},
        retention::{FEWEST_AUDIT_DAYS, MOST_DAYS, Wanted},
    },
    platform::{
        clock,
        connection_pages::{Visit, say, show},
        directory_object as directory,
        incoming::Incoming,
        pages::{Stop, field, parameter},
        reply,
    },
    values::{
        ids::{BlockId, ObjectType},
        json,
        problem::Problem,
    },
};

/// Blocks of one page.
const BLOCKS: u32 = 50;

/// A form's fields.
type Fields = [(String, String)];

fn person(fields: &Fields) -> PersonForm {
    let text = |name: &str| field(fields, name).trim().to_owned();
    let (email, object_type, id) = (text("email"), text("object_type"), text("id"));
    PersonForm { email, object_type, id, error: None }
}

/// Whom a form names.
fn whom(form: &PersonForm) -> Result<Whom, &'static str> {
    let refused = |words: &'static str| move |_: Problem| words;
    match (form.email.as_str(), form.id.as_str()) {
        ("", "") => Err("Say who: an e-mail address, or the id of a record."),
        (email, "") => prospect::whom(Some(email), None, None)
            .map_err(refused("That is not one e-mail address. Give it as in ada@example.com.")),
        ("", id) => prospect::whom(None, Some(&form.object_type), Some(id)).map_err(refused(
            "That is no id of a record. It is the number at the end of the record's address in HubSpot.",
        )),
        _ => Err("Give an e-mail address or the id of a record, not both: they could be two people."),
    }
}

/// The settings that a form says; or why not.
fn wanted(fields: &Fields) -> Result<Wanted, String> {
    let days = |name: &str, what: &str, least: u32| {
        let days = field(fields, name).trim().parse().ok();
        days.filter(|days| (least..=MOST_DAYS).contains(days))
            .ok_or_else(|| format!("{what}: give a number of days from {least} to {MOST_DAYS}."))
    };
    Ok(Wanted {
        minimum: Some(field(fields, "minimum") == "on"),
        call_details_days: Some(days("call_days", "Details of calls", 1)?),
        audit_days: Some(days("audit_days", "Audit log", FEWEST_AUDIT_DAYS)?),
        signal_days: Some(days("signal_days", "Intent signals", 1)?),
    })
}

impl Visit<'_> {
    /// What the Portal answers as text; `None`: it holds nothing.
    async fn text(&self, command: &Command) -> Result<Option<String>, Stop> {
        match self.ask(command).await? {
            Answer::Json(told) => Ok(Some(told)),
            Answer::NotConnected => Ok(None),
            _ => Err(directory::unexpected().into()),
        }
    }

    async fn held(&self, after: Option<i64>) -> Result<Option<HeldView>, Stop> {
        let blocks = Command::Privacy(Blocks::Blocks { after, limit: BLOCKS });
        let (Some(told), Some(blocks)) = (self.text(&Command::Retention).await?, self.text(&blocks).await?)
        else {
            return Ok(None);
        };
        let retention = fill::privacy::retention(&told).ok_or_else(directory::unexpected)?;
        let (blocks, next) = fill::privacy::blocks(&blocks).ok_or_else(directory::unexpected)?;
        Ok(Some(HeldView { blocks, continued: after.is_some(), next, retention }))
    }

    pub(super) async fn privacy(&self, incoming: &Incoming) -> Result<Response, Stop> {
        let after = parameter(incoming, "after").parse().ok();
        self.show_privacy(after, PersonForm::default()).await
    }

    async fn show_privacy(&self, after: Option<i64>, person: PersonForm) -> Result<Response, Stop> {
        let (at, held) = (self.frame().await, self.held(after).await?);
        show(&privacy::page(&PrivacyView { at, held, person }))
    }

    async fn refuse_person(&self, form: PersonForm, words: &str) -> Result<Response, Stop> {
        self.show_privacy(None, PersonForm { error: Some(words.to_owned()), ..form }).await
    }

    /// The records that the mirror has of somebody, by name and id.
    async fn found(&self, whom: &Whom) -> Result<Vec<(String, String)>, Stop> {
        Ok(match whom {
            Whom::Email(email) => {
                let kind = ObjectType::Contacts;
                fill::records::names_of(kind, self.by_key(kind, email).await?)
            }
            Whom::Record { object_type, id } => {
                let (at, seen) = (self.frame().await, self.seen(*object_type, *id, None).await?);
                let record = fill::records::record(at, *object_type, *id, seen, None, None).record;
                record.into_iter().map(|record| (record.name, record.id)).collect()
            }
        })
    }

    /// Asks whether somebody is really to be deleted, then deletes them.
    pub(super) async fn erase_person(&self, incoming: &mut Incoming) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let form = person(&fields);
        let whom = match whom(&form) {
            Ok(whom) => whom,
            Err(words) => return self.refuse_person(form, words).await,
        };
        if field(&fields, "confirmed") != "yes" {
            let found = self.found(&whom).await?;
            let view = AskEraseView { at: self.frame().await, person: form, found };
            return show(&privacy::ask_erase(&view));
        }
        let kind = match &whom {
            Whom::Email(_) => "contacts".to_owned(),
            Whom::Record { object_type, .. } => object_type.to_string(),
        };
        match self.ask(&Command::Privacy(Blocks::Erase { whom })).await? {
            Answer::Json(told) => {
                let view = fill::privacy::erased(self.frame().await, kind, &told);
                show(&privacy::erased(&view.ok_or_else(directory::unexpected)?))
            }
            Answer::NotConnected => Err(Notice::NotFound.into()),
            Answer::TooMany(most) => {
                let words = format!(
                    "{most} people are kept out, which is the most there may be. Lift a block that is no longer needed."
                );
                self.refuse_person(form, &words).await
            }
            Answer::Stopped => {
                let words = "Nothing was deleted: the key by which people are kept out does not open. Whoever runs this deployment has to put the earlier key of KEYRING back.";
                self.refuse_person(form, words).await
            }
            _ => Err(directory::unexpected().into()),
        }
    }

    pub(super) async fn export_person(&self, incoming: &mut Incoming) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let form = person(&fields);
        let whom = match whom(&form) {
            Ok(whom) => whom,
            Err(words) => return self.refuse_person(form, words).await,
        };
        let Some(told) = self.text(&Command::Privacy(Blocks::Export { whom })).await? else {
            return Err(Notice::NotFound.into());
        };
        let document: serde_json::Value = json::parse(&told).map_err(|_| directory::unexpected())?;
        let text = serde_json::to_string_pretty(&document).map_err(|_| directory::unexpected())?;
        let day = clock::now().to_rfc3339();
        Ok(reply::download(&format!("person-export-{}.json", &day[..10]), text)?)
    }

    pub(super) async fn ask_lift(&self, id: BlockId) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        show(&privacy::ask_lift(&AskLiftView { at: self.frame().await, id: id.to_string() }))
    }

    pub(super) async fn lift(&self, incoming: &mut Incoming, id: BlockId) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        self.visitor.form(incoming).await?;
        match self.ask(&Command::Privacy(Blocks::Lift { id })).await? {
            Answer::Done => say(&self.paths.privacy(), "let-in"),
            Answer::Missing | Answer::NotConnected => Err(Notice::NotFound.into()),
            _ => Err(directory::unexpected().into()),
        }
    }

    pub(super) async fn set_retention(&self, incoming: &mut Incoming) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let error = match wanted(&fields) {
            Ok(wanted) => match self.text(&Command::SetRetention(wanted)).await? {
                Some(_) => return say(&self.paths.privacy(), "retention"),
                None => return Err(Notice::NotFound.into()),
            },
            Err(words) => Some(words),
        };
        let Some(mut held) = self.held(None).await? else { return Err(Notice::NotFound.into()) };
        held.retention = RetentionView {
            minimum: field(&fields, "minimum") == "on",
            call_days: field(&fields, "call_days").to_owned(),
            audit_days: field(&fields, "audit_days").to_owned(),
            signal_days: field(&fields, "signal_days").to_owned(),
            error,
            ..held.retention
        };
        let (at, person) = (self.frame().await, PersonForm::default());
        show(&privacy::page(&PrivacyView { at, held: Some(held), person }))
    }

    pub(super) async fn audit(&self, incoming: &Incoming) -> Result<Response, Stop> {
        let (action, before) = place(incoming, &audit::OF_CONNECTION);
        let command = Command::Audit { before, action: action.to_owned(), limit: fill::audit::ENTRIES };
        let told = self.text(&command).await?;
        let told = told.unwrap_or_else(|| r#"{"results":[],"next_cursor":null}"#.to_owned());
        let log = fill::audit::log(&told, action, before.is_some()).ok_or_else(directory::unexpected)?;
        show(&audit::page(&AuditView { at: self.frame().await, log }))
    }
}

/// What of a log is looked at: the beginning of actions, if it is one of those offered, and the place before which.
pub(super) fn place(incoming: &Incoming, offered: &[(&'static str, &str)]) -> (&'static str, Option<i64>) {
    let asked = parameter(incoming, "action");
    let action = offered.iter().find(|(action, _)| *action == asked).map_or("", |(action, _)| action);
    (action, parameter(incoming, "before").parse().ok())
}

/// What has just happened.
pub(super) fn flash(done: &str) -> Option<Flash> {
    let words = match done {
        "let-in" => "The block is lifted. If HubSpot still has them, they are read again within minutes.",
        "retention" => {
            "Saved. What is no longer to be kept leaves the mirror and the change feed within a day."
        }
        _ => return None,
    };
    Some(Flash { tone: Tone::Good, words: words.to_owned() })
}
