//! Faults of ours as the front meets them: logged once, shown with a correlation id and nothing else.

use serde_json::Value;

use crate::{
    platform::{log, object::ObjectError, random},
    values::problem::{Kind, Problem},
};

/// What a caller is told about a fault of ours.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Stands in the log and in the answer.
    pub correlation_id: String,
    /// Whether trying again makes sense at once: an object was overloaded.
    pub busy: bool,
}

impl Fault {
    /// Logs what happened. `error` must name no person's data.
    pub fn noticed(message: &str, error: &str) -> Self {
        let correlation_id = correlation_id();
        let fields = [("error", Value::from(error)), ("correlation_id", Value::from(correlation_id.clone()))];
        log::line(message, &fields);
        Self { correlation_id, busy: error.contains("overloaded") }
    }
}

impl From<ObjectError> for Fault {
    fn from(error: ObjectError) -> Self {
        Self::noticed("an object did not answer", &error.to_string())
    }
}

impl From<worker::Error> for Fault {
    fn from(error: worker::Error) -> Self {
        Self::noticed("the platform failed", &error.to_string())
    }
}

impl From<worker::Error> for Problem {
    fn from(error: worker::Error) -> Self {
        Fault::from(error).into()
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let problem = if fault.busy {
            Self::new(Kind::Unavailable, "This is busy at the moment. Try again in a second.")
        } else {
            Self::new(
                Kind::Internal,
                "This did not work, and it is our fault. Try again; support can find the cause.",
            )
        };
        problem.with_correlation(fault.correlation_id)
    }
}

/// A new id for a log line and for what a person is shown.
pub fn correlation_id() -> String {
    base16ct::lower::encode_string(&random::bytes::<8>())
}
