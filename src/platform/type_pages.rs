//! The page on which types of records are turned on and off.

use worker::Response;

use crate::{
    console::{
        fill::types::{self as fill, refusal},
        types::{self, TypesView},
        view::{Flash, Notice, Tone},
    },
    engine::portal::{
        messages::{Answer, Command},
        types::{Answer as Switched, Command as Switch},
    },
    platform::{
        clock,
        connection_pages::{Visit, say, show},
        directory_object as directory,
        incoming::Incoming,
        pages::{Stop, parameter},
        reply,
    },
    values::ids::ObjectType,
};

impl Visit<'_> {
    /// What the page shows; `flash` in place of what the address says.
    pub(super) async fn types(&self, incoming: &Incoming, flash: Option<Flash>) -> Result<TypesView, Stop> {
        let told = match self.ask(&Command::Types(Switch::List)).await? {
            Answer::Types(Switched::Json(told)) => told,
            Answer::NotConnected => return Err(Notice::NotFound.into()),
            _ => return Err(directory::unexpected().into()),
        };
        let (mut at, status) = self.frame_and_status().await;
        at.flash = flash.or(at.flash);
        let asked_at = parameter(incoming, "asked").parse().ok();
        let every_ms = self.config.work.check_every_ms;
        fill::page(at, &told, status.as_ref(), asked_at, every_ms)
            .ok_or_else(|| directory::unexpected().into())
    }

    /// Does what a switch says; where it is refused, the page says why.
    pub(super) async fn switch(
        &self,
        incoming: &mut Incoming,
        switch: Switch,
        done: &str,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        self.visitor.form(incoming).await?;
        let asked_at = clock::now().0;
        match self.ask(&Command::Types(switch)).await? {
            Answer::Types(Switched::Json(_) | Switched::Off) => say(&self.paths.types(), done),
            Answer::Types(Switched::Ordered) => Ok(reply::see_other(&self.paths.types_asked(asked_at), &[])?),
            Answer::Types(Switched::Refused(why)) => {
                let flash = Flash { tone: Tone::Warning, words: refusal(&why) };
                let view = self.types(incoming, Some(flash)).await?;
                show(&types::page(&view))
            }
            Answer::NotConnected => say(&self.paths.sync(), "stopped"),
            _ => Err(directory::unexpected().into()),
        }
    }

    pub(super) async fn ask_turn_off(&self, incoming: &Incoming, kind: ObjectType) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        match fill::turn_off(self.types(incoming, None).await?, &kind.to_string()) {
            Some(view) => show(&types::turn_off(&view)),
            None => Err(Notice::NotFound.into()),
        }
    }
}
