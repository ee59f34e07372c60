//! Types of record in the API: `/v1/connections/{c}/types`, what can be mirrored and what is.

use crate::{
    engine::portal::types::{Answer, Command, MOST, Refusal},
    values::problem::{Kind, Problem},
};

/// Characters of a type's name: HubSpot's fully qualified names are the account's number and up to a hundred.
pub const NAME_CHARS: usize = 150;

/// What is asked for below `/v1/connections/{c}/types`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `GET …`
    List,
    /// `POST …/refresh`
    Refresh,
    /// `PUT …/{type}`
    On(String),
    /// `DELETE …/{type}`
    Off(String),
}

/// The command that a request stands for.
pub fn command(call: Call) -> Result<Command, Problem> {
    let name = |name: String| {
        if name.len() > NAME_CHARS {
            return Err(Problem::new(Kind::NotFound, "No type of record has a name that long."));
        }
        Ok(name)
    };
    Ok(match call {
        Call::List => Command::List,
        Call::Refresh => Command::Refresh,
        Call::On(text) => Command::On(name(text)?),
        Call::Off(text) => Command::Off(name(text)?),
    })
}

/// Status and body of an answer; no body: nothing to say.
pub fn render(answer: Answer) -> Result<(u16, Option<String>), Problem> {
    match answer {
        Answer::Json(body) => Ok((200, Some(body))),
        Answer::Ordered => Ok((202, None)),
        Answer::Off => Ok((204, None)),
        Answer::Refused(refusal) => Err(problem(&refusal)),
    }
}

/// A refusal in words.
pub fn problem(refusal: &Refusal) -> Problem {
    let conflict = |detail: String| Problem::new(Kind::Conflict, detail);
    match refusal {
        Refusal::Stopped => conflict(
            "The connection is not kept in step at the moment, so this would have no effect. `GET /v1/connections/{c}` says why.".to_owned(),
        ),
        Refusal::NoScope(scopes) => {
            let scopes = scopes.join("` or `");
            conflict(format!("The connection lacks the scope `{scopes}`. Connect the account again and grant it."))
        }
        Refusal::Looking => conflict(
            "Which custom objects the account has is being read. Ask again in a few seconds.".to_owned(),
        ),
        Refusal::Unknown => Problem::new(
            Kind::NotFound,
            "HubSpot has no such type of record that can be mirrored. `GET …/types` lists those there are.",
        ),
        Refusal::Full => conflict(format!(
            "The connection mirrors {MOST} further types, and may mirror no more. Turn one off first."
        )),
        Refusal::Always => {
            conflict("Every connection mirrors contacts, companies and deals.".to_owned())
        }
        Refusal::InUse(channels) => {
            let channels = channels.join("”, “");
            conflict(format!("Channels select records of this type: “{channels}”. Delete them first."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_says_what_to_do() {
        assert_eq!(render(Answer::Off).unwrap(), (204, None));
        assert_eq!(render(Answer::Ordered).unwrap(), (202, None));
        let scopes = vec!["crm.objects.custom.read".to_owned()];
        assert!(problem(&Refusal::NoScope(scopes)).detail.contains("`crm.objects.custom.read`"));
        assert!(problem(&Refusal::InUse(vec!["Leads".to_owned()])).detail.contains("“Leads”"));
        assert_eq!(problem(&Refusal::Unknown).status(), 404);
        for refusal in [Refusal::Stopped, Refusal::Looking, Refusal::Full, Refusal::Always] {
            let problem = problem(&refusal);
            assert!(problem.status() == 409 && problem.detail.ends_with('.'), "{refusal:?}");
        }
        assert!(command(Call::On("x".repeat(151))).is_err());
        assert_eq!(command(Call::On("cars".into())), Ok(Command::On("cars".into())));
    }
}
