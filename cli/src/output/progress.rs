//! Progress on standard error: moving lines where a person watches, one line for each finished step where it is piped.

use super::say;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use insights_query::format::escape::visible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What moves on standard error now.
static MOVING: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Writes a line above what moves; `false` if nothing does. The line is escaped already.
pub(super) fn say_above(line: &str) -> bool {
    let moving = MOVING.lock().unwrap_or_else(PoisonError::into_inner);
    // A terminal that cannot be drawn on is written to as if nothing moved.
    moving.as_ref().is_some_and(|bars| bars.println(line).is_ok())
}

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
        let bars = live.then(MultiProgress::new);
        MOVING.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&bars);
        Self { bars, width }
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

impl Drop for Progress {
    fn drop(&mut self) {
        *MOVING.lock().unwrap_or_else(PoisonError::into_inner) = None;
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
    pub fn leave(self, how: &str) {
        say(&self.line(how));
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, how: &str) -> String {
        visible(&format!("{:<width$} {how}", self.name, width = self.width)).into_owned()
    }
}
