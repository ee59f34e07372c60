//! Field mappings in the API: what requests about them must look like, and what refusals say. What a definition must be is
//! [`crate::values::mapping`]'s, which names every fault with its place.

use crate::{
    api::request,
    engine::portal::mappings::commands::{Answer, Command, Refusal},
    values::{
        mapping::Action,
        problem::{Kind, Problem},
    },
};

/// What is asked for below `/v1/connections/{c}/mappings`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `GET …`
    List,
    /// `GET …/{action}`
    Get(Action),
    /// `PUT …/{action}`
    Put(Action),
    /// `DELETE …/{action}`
    Remove(Action),
}

/// The command that a request stands for.
pub fn command(call: Call, body: &[u8]) -> Result<Command, Problem> {
    Ok(match call {
        Call::List => Command::List,
        Call::Get(action) => Command::Get(action),
        Call::Put(action) => Command::Put(action, request::body(body)?),
        Call::Remove(action) => Command::Remove(action),
    })
}

/// Status and body of an answer; no body: nothing to say.
pub fn render(answer: Answer) -> Result<(u16, Option<String>), Problem> {
    match answer {
        Answer::Json(body) => Ok((200, Some(body))),
        Answer::Removed => Ok((204, None)),
        Answer::Refused(Refusal::NotFound) => {
            Err(Problem::new(Kind::NotFound, "No mapping is saved for this action."))
        }
        Answer::Refused(Refusal::NotDiscovered) => Err(Problem::new(
            Kind::Conflict,
            "Which fields HubSpot has is not known yet, so nothing can be checked. Try again in a minute.",
        )),
        Answer::Refused(Refusal::Wrong(faults)) => Err(Problem::of_faults("mapping", faults)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::filter::{Code, Fault};

    #[test]
    fn a_definition_is_a_body_and_nothing_else_is() {
        let put = command(Call::Put(Action::LogCall), br#"{"entries":[]}"#);
        assert!(matches!(put, Ok(Command::Put(Action::LogCall, _))));
        assert!(command(Call::Put(Action::LogCall), b"{").is_err());
        assert!(matches!(command(Call::Get(Action::AddNote), b""), Ok(Command::Get(Action::AddNote))));
    }

    #[test]
    fn a_problem_names_the_place_of_each_fault() {
        let fault = |code| Fault {
            path: "/entries/1/constant".to_owned(),
            code,
            detail: "There is no such option.".to_owned(),
        };
        let refused = |faults| render(Answer::Refused(Refusal::Wrong(faults))).unwrap_err();
        let problem = refused(vec![fault(Code::UnknownOption)]);
        assert_eq!(
            (problem.status(), problem.to_json()["errors"][0]["path"].as_str()),
            (409, Some("/entries/1/constant"))
        );
        assert!(problem.detail.contains("no such option"));
        let problem = refused(vec![fault(Code::UnknownOption), fault(Code::Shape)]);
        assert_eq!(problem.status(), 400, "no account would take it");
        assert!(problem.detail.starts_with("2 things"));
        assert_eq!(render(Answer::Refused(Refusal::NotFound)).unwrap_err().status(), 404);
        assert_eq!(render(Answer::Refused(Refusal::NotDiscovered)).unwrap_err().status(), 409);
        assert_eq!(render(Answer::Removed).unwrap(), (204, None));
    }
}
