//! Progress on standard error: moving lines where a person watches, one line for each finished step where it is piped.

use super::say;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::time::Duration;

/// The progress of several things that go on at once.
#[derive(Debug)]
pub struct Progress {
    bars: Option<MultiProgress>,
}

/// One of them.
#[derive(Debug)]
pub struct Step {
    bar: Option<ProgressBar>,
    name: String,
}

impl Progress {
    /// Nothing going on yet; `live` says whether a person watches.
    pub fn new(live: bool) -> Self {
        Self { bars: live.then(MultiProgress::new) }
    }

    /// Begins a step called `name`.
    pub fn step(&self, name: &str) -> Step {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        let step = Step { bar, name: name.to_owned() };
        step.update("starts");
        step
    }
}

impl Step {
    /// Says how it goes.
    pub fn update(&self, how: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(self.line(how));
        }
    }

    /// Says how it ended.
    pub fn finish(self, how: &str) {
        match &self.bar {
            Some(bar) => bar.finish_with_message(self.line(how)),
            None => say(&self.line(how)),
        }
    }

    fn line(&self, how: &str) -> String {
        format!("{:<21} {how}", self.name)
    }
}
