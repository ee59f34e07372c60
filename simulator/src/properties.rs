//! The properties API.

use crate::http::{Request, Response};
use crate::objects::kind::ObjectKind;
use crate::portal::{Portal, Turn};
use crate::{Endpoint, Problem};

pub(crate) fn handle(
    _portal: &mut Portal,
    _turn: &Turn<'_>,
    _kind: &ObjectKind,
    _endpoint: Endpoint,
    _name: &str,
    _request: &Request,
) -> Result<Response, Problem> {
    Err(Problem::new(501, "not modelled yet"))
}
