//! What a person sees while a step runs: a spinner with its last line of output, or plain lines where no terminal is.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// A step under way.
#[derive(Debug)]
pub struct Step {
    bar: ProgressBar,
    name: String,
    started: Instant,
}

impl Step {
    /// Begins. `expected` says how long it may take, in words; empty if it is quick.
    pub fn start(name: &str, expected: &str) -> Self {
        let shown = if expected.is_empty() { name.to_owned() } else { format!("{name} ({expected})") };
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg:.dim}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_prefix(shown.clone());
        bar.enable_steady_tick(Duration::from_millis(100));
        if bar.is_hidden() {
            eprintln!("… {shown}");
        }
        Self { bar, name: name.to_owned(), started: Instant::now() }
    }

    /// Shows a line of output beside the spinner.
    pub fn note(&self, line: &str) {
        self.bar.set_message(line.trim().to_owned());
    }

    /// Ends well; `result` says what came of it.
    pub fn done(self, result: &str) {
        self.end('✓', result);
    }

    /// Ends badly.
    pub fn failed(self, reason: &str) {
        self.end('✗', reason);
    }

    /// Was not possible here, and that is no fault.
    pub fn skipped(self, reason: &str) {
        self.end('–', reason);
    }

    fn end(self, mark: char, result: &str) {
        self.bar.finish_and_clear();
        let seconds = self.started.elapsed().as_secs_f64();
        let result = if result.is_empty() { String::new() } else { format!(": {result}") };
        eprintln!("{mark} {}{result}, {seconds:.1} s", self.name);
    }
}
