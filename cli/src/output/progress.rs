//! Progress on standard error: moving lines where a person watches, one line for each finished step where it is piped.

use super::say;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::time::Duration;

/// The progress of several things that go on at once.
#[derive(Debug)]
pub struct Progress {
    bars: Option<MultiProgress>,
    width: usize,
}

/// One of them.
#[derive(Debug)]
pub struct Step {
    bar: Option<ProgressBar>,
    name: String,
    /// Columns of the names.
    width: usize,
}

impl Progress {
    /// Nothing going on yet; `live` says whether a person watches, `width` how many columns the names take.
    pub fn new(live: bool, width: usize) -> Self {
        Self { bars: live.then(MultiProgress::new), width }
    }

    /// Says something, above what moves.
    pub fn say(&self, line: &str) {
        // A terminal that cannot be drawn on cannot be told so either.
        let drawn = self.bars.as_ref().is_some_and(|bars| bars.println(line).is_ok());
        if !drawn {
            say(line);
        }
    }

    /// Begins a step called `name`.
    pub fn step(&self, name: &str) -> Step {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                bar.set_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        let step = Step { bar, name: name.to_owned(), width: self.width };
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

    /// Says how it goes where lines do not move.
    pub fn remind(&self, how: &str) {
        if self.bar.is_none() {
            say(&self.line(how));
        }
    }

    /// Says how it ended.
    pub fn finish(self, how: &str) {
        match &self.bar {
            Some(bar) => bar.finish_with_message(self.line(how)),
            None => say(&self.line(how)),
        }
    }

    /// Says above what moves how it ended, and makes room for another.
    pub fn leave(self, progress: &Progress, how: &str) {
        progress.say(&self.line(how));
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, how: &str) -> String {
        format!("{:<width$} {how}", self.name, width = self.width)
    }
}
