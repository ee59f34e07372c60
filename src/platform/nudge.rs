//! A bell between the requests to an object and its alarm: whoever rings it wakes the alarm that waits.
//!
//! One waits at a time, since alarms of one object never overlap. A ring that nobody waits for is kept for the next.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    task::{Poll, Waker},
};

/// See the module.
#[derive(Default)]
pub struct Nudge {
    rung: Cell<bool>,
    waits: RefCell<Option<Waker>>,
}

impl Nudge {
    /// Wakes who waits.
    pub fn ring(&self) {
        self.rung.set(true);
        if let Some(waker) = self.waits.take() {
            waker.wake();
        }
    }

    /// Until it is rung.
    pub async fn wait(&self) {
        poll_fn(|context| {
            if self.rung.take() {
                return Poll::Ready(());
            }
            self.waits.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}
