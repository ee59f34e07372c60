//! Channels in the API: what requests about them must look like, and what refusals say. What a definition must be is the engine's, which
//! names every fault with its place.

use crate::{
    api::request,
    engine::portal::channels::{
        CHANNELS_LIMIT,
        commands::{Action, Answer, Command, Refusal},
    },
    values::{
        ids::ChannelId,
        problem::{Kind, Problem},
    },
};

/// What is asked for below `/v1/connections/{c}/channels`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `GET …`
    List,
    /// `POST …`
    Create,
    /// `POST …/preview`
    Preview,
    /// `GET …/{ch}`
    Get(ChannelId),
    /// `PATCH …/{ch}`
    Update(ChannelId),
    /// `DELETE …/{ch}`
    Remove(ChannelId),
    /// `POST …/{ch}/pause`
    Pause(ChannelId),
    /// `POST …/{ch}/resume`
    Resume(ChannelId),
}

/// The command that a request stands for.
pub fn command(call: Call, body: &[u8]) -> Result<Command, Problem> {
    Ok(match call {
        Call::List => Command::List,
        Call::Create => Command::Create(request::body(body)?),
        Call::Preview => Command::Preview(request::body(body)?),
        Call::Get(id) => Command::On(id, Action::Get),
        Call::Update(id) => Command::On(id, Action::Update(request::body(body)?)),
        Call::Remove(id) => Command::On(id, Action::Remove),
        Call::Pause(id) => request::nothing(body).map(|()| Command::On(id, Action::Pause))?,
        Call::Resume(id) => request::nothing(body).map(|()| Command::On(id, Action::Resume))?,
    })
}

/// Status and body of an answer; no body: nothing to say.
pub fn render(answer: Answer, created: bool) -> Result<(u16, Option<String>), Problem> {
    match answer {
        Answer::Json(body) => Ok((if created { 201 } else { 200 }, Some(body))),
        Answer::Removed => Ok((204, None)),
        Answer::Refused(Refusal::NotFound) => {
            Err(Problem::new(Kind::NotFound, "The connection has no such channel."))
        }
        Answer::Refused(Refusal::Full) => {
            let detail = format!(
                "The connection has {CHANNELS_LIMIT} channels, and may have no more. Remove one first."
            );
            Err(Problem::new(Kind::Conflict, detail))
        }
        Answer::Refused(Refusal::Wrong(faults)) => Err(Problem::of_faults("channel", faults)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::filter::{Code, Fault};

    fn id() -> ChannelId {
        ChannelId::from_random([1; 12])
    }

    #[test]
    fn requests_about_channels_take_their_own_bodies_only() {
        assert!(matches!(command(Call::Create, br#"{"name":"Leads"}"#), Ok(Command::Create(_))));
        assert!(matches!(command(Call::Pause(id()), b""), Ok(Command::On(_, Action::Pause))));
        assert!(command(Call::Pause(id()), br#"{"name":"Leads"}"#).is_err());
        assert!(command(Call::Update(id()), b"[]").is_err() && command(Call::Create, b"{").is_err());
    }

    #[test]
    fn a_problem_names_the_place_of_each_fault() {
        let fault = |path: &str| Fault {
            path: path.to_owned(),
            code: Code::UnknownField,
            detail: "There is no such field.".to_owned(),
        };
        let refused = |faults| render(Answer::Refused(Refusal::Wrong(faults)), true).unwrap_err();
        let body = refused(vec![fault("/filter/and/1/property")]).to_json();
        assert_eq!(
            (body["status"].as_u64(), &body["errors"][0]["code"]),
            (Some(409), &"unknown_field".into())
        );
        assert_eq!(body["errors"][0]["path"], "/filter/and/1/property");
        assert!(body["detail"].as_str().unwrap().contains("no such field"));
        let shape = Fault { code: Code::Shape, ..fault("/filter") };
        let body = refused(vec![shape, fault("/fields/0/property")]).to_json();
        assert_eq!(body["status"], 400, "no account would take it");
        assert!(body["detail"].as_str().unwrap().starts_with("2 things"));
        assert_eq!(render(Answer::Refused(Refusal::Full), true).unwrap_err().status(), 409);
        assert_eq!(render(Answer::Refused(Refusal::NotFound), false).unwrap_err().status(), 404);
        assert_eq!(render(Answer::Removed, false).unwrap(), (204, None));
    }
}
