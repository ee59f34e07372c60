//! Activations: what the host says of people, kept on the contacts they are.

pub mod commands;

use crate::{
    engine::portal::{Effect, Portal, Turn},
    store::sql::SqlError,
};
use commands::{Answer, Command};

impl Portal {
    /// Answers a command about activations.
    #[inline(never)]
    pub(super) fn activation_command(
        &mut self,
        _: &mut Turn<'_>,
        _: Command,
        _: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        Ok(Answer::Missing)
    }
}
