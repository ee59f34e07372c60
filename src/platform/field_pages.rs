//! The pages on which mirrored fields are chosen.

use worker::Response;

use crate::{
    console::view::Notice,
    console::{
        choose_fields, connection::ConnectionFrame, connection_paths::FieldsQuery,
        fill::choose_fields::Present,
    },
    engine::portal::messages::{Answer, Command},
    platform::{
        connection_pages::{Visit, say, show},
        directory_object as directory,
        incoming::Incoming,
        pages::{Stop, field},
    },
    values::ids::ObjectType,
};

impl Visit<'_> {
    async fn present(&self, object_type: ObjectType) -> Result<(ConnectionFrame, Present), Stop> {
        let Answer::Json(fields) = self.ask(&Command::Fields { object_type }).await? else {
            return Err(Notice::NotFound.into());
        };
        let Answer::Json(selection) = self.ask(&Command::Selection { object_type }).await? else {
            return Err(Notice::NotFound.into());
        };
        let (at, records) = self.frame_and_records(object_type).await;
        let present = Present::read(&fields, &selection, records).ok_or_else(directory::unexpected)?;
        Ok((at, present))
    }

    pub(super) async fn choose_fields(&self, kind: ObjectType) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let (at, present) = self.present(kind).await?;
        show(&choose_fields::page(&present.view(at, &kind.to_string(), &present.chosen())))
    }

    /// Does what a button of the form says. Only what was reviewed as it stands is saved.
    pub(super) async fn send_field_choice(
        &self,
        incoming: &mut Incoming,
        object_type: ObjectType,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let form = self.visitor.form(incoming).await?;
        let (at, present) = self.present(object_type).await?;
        let mut choice = present.sent(&form);
        let mut button = field(&form, "do").split(' ');
        let (what, place) = (button.next().unwrap_or_default(), button.next());
        let mut error = None;
        if matches!(what, "tick" | "untick") {
            present.tick(&mut choice, place.and_then(|place| place.parse().ok()), what == "tick");
        } else if what == "save" && field(&form, "reviewed") == present.mark(&choice) {
            let selection = present.selection(&choice);
            match self.ask(&Command::Select { object_type, selection }).await? {
                Answer::Json(_) => {
                    let page = self.paths.fields(&object_type.to_string(), &FieldsQuery::default());
                    return say(&page, "chosen");
                }
                Answer::Stopped | Answer::NotConnected => return say(&self.paths.sync(), "stopped"),
                Answer::UnknownFields(names) | Answer::NotMirrored(names) => {
                    error = Some(format!(
                        "HubSpot no longer lists {}. Refresh the fields and choose again.",
                        names.join(", ")
                    ));
                }
                Answer::StorageFull => {
                    error = Some(
                        "The connection's storage is full, so no field can be added. Choose fewer than are mirrored now; once \
                         there is room, add others."
                            .to_owned(),
                    );
                }
                _ => return Err(directory::unexpected().into()),
            }
        }
        let mut view = present.view(at, &object_type.to_string(), &choice);
        if matches!(what, "review" | "save") && error.is_none() {
            view.review = present.review(&object_type.to_string(), &choice);
            view.reviewed = present.mark(&choice);
        }
        view.error = error;
        show(&choose_fields::page(&view))
    }
}
