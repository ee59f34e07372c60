//! Search.

use crate::Problem;
use crate::http::{Request, Response};
use crate::objects::kind::ObjectKind;
use crate::portal::{Portal, Turn};

pub(crate) fn search(
    _portal: &mut Portal,
    _turn: &Turn<'_>,
    _kind: &ObjectKind,
    _request: &Request,
) -> Result<Response, Problem> {
    Err(Problem::new(501, "not modelled yet"))
}
