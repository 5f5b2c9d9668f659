//! Progress on standard error: updated lines on a terminal, one line for each finished step otherwise.

use super::say;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use insights_query::format::escape::visible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The progress that is currently shown.
static MOVING: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Writes an escaped line above the progress; `false` if no progress is shown.
pub(super) fn say_above(line: &str) -> bool {
    let moving = MOVING.lock().unwrap_or_else(PoisonError::into_inner);
    // If drawing fails, the line is written directly.
    moving.as_ref().is_some_and(|bars| bars.println(line).is_ok())
}

/// The progress of several concurrent steps.
#[derive(Debug)]
pub struct Progress {
    bars: Option<MultiProgress>,
    width: usize,
}

/// One step.
#[derive(Debug)]
pub struct Step {
    bar: Option<ProgressBar>,
    name: String,
    /// The width of the names in columns.
    width: usize,
}

impl Progress {
    /// Creates a progress without steps. `live` is for a terminal; `width` is the width of the names in columns.
    pub fn new(live: bool, width: usize) -> Self {
        let bars = live.then(MultiProgress::new);
        MOVING.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&bars);
        Self { bars, width }
    }

    /// Starts a step called `name`.
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
    /// Updates the step.
    pub fn update(&self, how: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(self.line(how));
        }
    }

    /// Writes a line if there is no terminal.
    pub fn remind(&self, how: &str) {
        if self.bar.is_none() {
            say(&self.line(how));
        }
    }

    /// Finishes the step with a message.
    pub fn finish(self, how: &str) {
        match &self.bar {
            Some(bar) => bar.finish_with_message(self.line(how)),
            None => say(&self.line(how)),
        }
    }

    /// Finishes the step with a line above the progress, and removes it.
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
