//! The permits a connection holds: taken for a call each, brought back with its answer.
//!
//! Owns the lease; the windows themselves are the [`crate::engine::limiter`]'s.

use crate::{
    engine::limiter::messages::{Grant, News, Return, Window},
    values::time::Timestamp,
};

/// Permits and what is to be told about earlier ones. Lost with the object: the limiter then counts them as used.
#[derive(Debug, Default)]
pub struct Permits {
    held: Vec<(Window, u64, Timestamp)>,
    answered: Vec<(u64, Timestamp)>,
    unused: Vec<u64>,
    news: Vec<News>,
    asked: Option<Window>,
    waits: [Option<Timestamp>; 4],
}

fn place(window: Window) -> usize {
    match window {
        Window::Core => 0,
        Window::Search => 1,
        Window::Refresh => 2,
        Window::Associations => 3,
    }
}

impl Permits {
    /// Takes a permit that is still alive at `now`.
    pub fn take(&mut self, window: Window, now: Timestamp) -> Option<u64> {
        let expired = self.held.extract_if(.., |(_, _, until)| *until <= now);
        self.unused.extend(expired.map(|(_, permit, _)| permit));
        let index = self.held.iter().position(|(held, _, _)| *held == window)?;
        Some(self.held.remove(index).1)
    }

    /// Whether there is a permit that is still alive at `now`.
    pub fn holds(&self, window: Window, now: Timestamp) -> bool {
        self.held.iter().any(|(held, _, until)| *held == window && *until > now)
    }

    /// Whether an answer of the limiter is under way.
    pub fn asking(&self) -> bool {
        self.asked.is_some()
    }

    /// Until when asking for that window makes no sense.
    pub fn wait(&self, window: Window, now: Timestamp) -> Option<Timestamp> {
        self.waits[place(window)].filter(|until| *until > now)
    }

    /// Notes that the limiter was asked.
    pub fn ask(&mut self, window: Window) {
        self.asked = Some(window);
    }

    /// Takes in what the limiter granted.
    pub fn granted(&mut self, grant: &Grant, now: Timestamp) {
        let Some(window) = self.asked.take() else { return };
        let until = now.plus_ms(grant.lease_ms.into());
        self.held.extend(grant.permits.iter().map(|permit| (window, *permit, until)));
        self.waits[place(window)] = grant.wait_ms.map(|ms| now.plus_ms(ms.into()));
    }

    /// The limiter did not answer: ask again at `until`.
    pub fn failed(&mut self, until: Timestamp) {
        if let Some(window) = self.asked.take() {
            self.waits[place(window)] = Some(until);
        }
    }

    /// Notes that the call of this permit was answered, or given up, at `now`.
    pub fn answered(&mut self, permit: u64, now: Timestamp) {
        self.answered.push((permit, now));
    }

    /// Asks for nothing of that window before `until`.
    pub fn block(&mut self, window: Window, until: Timestamp) {
        let wait = &mut self.waits[place(window)];
        *wait = Some(wait.map_or(until, |earlier| earlier.max(until)));
        let blocked = self.held.extract_if(.., |(held, _, _)| *held == window);
        self.unused.extend(blocked.map(|(_, permit, _)| permit));
    }

    /// Gives a taken permit back that no request left with.
    pub fn unused(&mut self, permit: Option<u64>) {
        self.unused.extend(permit);
    }

    /// Notes something HubSpot said about its limits.
    pub fn learn(&mut self, news: News) {
        if !self.news.contains(&news) {
            self.news.push(news);
        }
    }

    /// Gives everything back that no call will use any more.
    pub fn release(&mut self) {
        self.unused.extend(self.held.drain(..).map(|(_, permit, _)| permit));
    }

    /// Whether there is something to tell.
    pub fn has_returns(&self) -> bool {
        !self.answered.is_empty() || !self.unused.is_empty() || !self.news.is_empty()
    }

    /// What to tell with the next question.
    pub fn take_returns(&mut self, now: Timestamp) -> (Vec<Return>, Vec<News>) {
        let answered = self.answered.drain(..).map(|(permit, at)| Return {
            permit,
            answered_ms_ago: Some(u32::try_from(now.since_ms(at)).unwrap_or(0)),
        });
        let unused = self.unused.drain(..).map(|permit| Return { permit, answered_ms_ago: None });
        (answered.chain(unused).collect(), std::mem::take(&mut self.news))
    }
}
