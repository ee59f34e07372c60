//! List, read, batch read.

use crate::Problem;
use crate::http::{Request, Response};
use crate::objects::kind::ObjectKind;
use crate::portal::{Portal, Turn};

pub(crate) fn list(
    _portal: &mut Portal,
    _turn: &Turn<'_>,
    _kind: &ObjectKind,
    _request: &Request,
) -> Result<Response, Problem> {
    Err(Problem::new(501, "not modelled yet"))
}

pub(crate) fn read(
    _portal: &mut Portal,
    _turn: &Turn<'_>,
    _kind: &ObjectKind,
    _id: &str,
    _request: &Request,
) -> Result<Response, Problem> {
    Err(Problem::new(501, "not modelled yet"))
}

pub(crate) fn batch_read(
    _portal: &mut Portal,
    _turn: &Turn<'_>,
    _kind: &ObjectKind,
    _request: &Request,
) -> Result<Response, Problem> {
    Err(Problem::new(501, "not modelled yet"))
}
