//! Batch create, update, upsert, archive.

use crate::Problem;
use crate::http::{Request, Response};
use crate::objects::kind::ObjectKind;
use crate::portal::{Portal, Turn};

pub(crate) fn create(
    _portal: &mut Portal,
    _turn: &mut Turn<'_>,
    _kind: &ObjectKind,
    _request: &Request,
) -> Result<Response, Problem> {
    Err(Problem::new(501, "not modelled yet"))
}

pub(crate) fn update(
    _portal: &mut Portal,
    _turn: &mut Turn<'_>,
    _kind: &ObjectKind,
    _request: &Request,
) -> Result<Response, Problem> {
    Err(Problem::new(501, "not modelled yet"))
}

pub(crate) fn upsert(
    _portal: &mut Portal,
    _turn: &mut Turn<'_>,
    _kind: &ObjectKind,
    _request: &Request,
) -> Result<Response, Problem> {
    Err(Problem::new(501, "not modelled yet"))
}

pub(crate) fn archive(
    _portal: &mut Portal,
    _turn: &mut Turn<'_>,
    _kind: &ObjectKind,
    _request: &Request,
) -> Result<Response, Problem> {
    Err(Problem::new(501, "not modelled yet"))
}
