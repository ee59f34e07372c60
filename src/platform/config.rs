//! The configuration as workerd holds it: variables and secrets of the environment.

use std::{cell::RefCell, rc::Rc};

use worker::Env;

use crate::values::config::{Config, ConfigError};

thread_local! {
    // An isolate never sees its environment change: a deployment starts new ones.
    static CONFIG: RefCell<Option<Rc<Config>>> = const { RefCell::new(None) };
}

/// The checked configuration; parsed once an isolate.
pub fn load(env: &Env) -> Result<Rc<Config>, ConfigError> {
    if let Some(config) = CONFIG.with_borrow(Clone::clone) {
        return Ok(config);
    }
    let config = Rc::new(Config::parse(|name| {
        env.secret(name)
            .map(|secret| secret.to_string())
            .or_else(|_| env.var(name).map(|var| var.to_string()))
            .ok()
    })?);
    CONFIG.with_borrow_mut(|slot| *slot = Some(Rc::clone(&config)));
    Ok(config)
}
