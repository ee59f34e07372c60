//! The simulator as an app meets it, without sockets: one binary, since linking costs more than running.

mod limits;
mod oauth;
mod support;
mod webhooks;
