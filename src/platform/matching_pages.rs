//! The page on which matching is tried out.

use worker::Response;

use crate::{
    console::{
        fill,
        matching::{self, MatchingView, ResultView},
        view::Notice,
    },
    engine::portal::{
        matching::{Account, Command as Matching, Person},
        messages::{Answer, Command},
    },
    platform::{
        connection_pages::{Visit, show},
        directory_object as directory,
        incoming::Incoming,
        pages::{Stop, field},
    },
    values::ids::ObjectType,
};

/// Characters of what is tried.
const NAME_CHARS: usize = 320;

impl Visit<'_> {
    pub(super) async fn matching(&self) -> Result<Response, Stop> {
        let (at, asked) = (self.frame().await, String::new());
        show(&matching::page(&MatchingView { at, asked, results: Vec::new() }))
    }

    /// A form and no address: what is tried may be a person's. It changes nothing, so viewers try as well.
    pub(super) async fn try_matching(&self, incoming: &mut Incoming) -> Result<Response, Stop> {
        let fields = self.visitor.form(incoming).await?;
        let asked: String = field(&fields, "name").trim().chars().take(NAME_CHARS).collect();
        let mut results = Vec::new();
        if asked.contains('@') && !asked.contains('/') {
            let people = vec![Person { id: None, email: asked.clone() }];
            results.push(self.matched(ObjectType::Contacts, Matching::Contacts { people }).await?);
        }
        let accounts = vec![Account { id: None, domain: Some(asked.clone()), aliases: Vec::new() }];
        results.push(self.matched(ObjectType::Companies, Matching::Companies { accounts }).await?);
        show(&matching::page(&MatchingView { at: self.frame().await, asked, results }))
    }

    async fn matched(&self, kind: ObjectType, command: Matching) -> Result<ResultView, Stop> {
        match self.ask(&Command::Match(command)).await? {
            Answer::Json(told) => {
                fill::matching::result(kind, &told).ok_or_else(|| directory::unexpected().into())
            }
            Answer::Stopped => Ok(ResultView {
                object_type: kind.to_string(),
                reasons: vec![
                    "The key by which people are kept out does not open, so nobody is shown. Whoever runs this deployment has to put the earlier key of KEYRING back.".to_owned(),
                ],
                ignored: Vec::new(),
                candidates: Vec::new(),
                more: 0,
            }),
            Answer::NotConnected => Err(Notice::NotFound.into()),
            _ => Err(directory::unexpected().into()),
        }
    }
}
