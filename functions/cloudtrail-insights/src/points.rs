//! The points of one series, as in a response. No I/O.

use aws_smithy_types::DateTime;

/// The points of one series, as two lists of equal length, with all pages joined.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    /// When each bucket begins, in epoch seconds.
    pub timestamps: Vec<i64>,
    /// The value of each bucket.
    pub values: Vec<f64>,
}

impl Points {
    /// Adds a page. Nearly always there is only one, so its lists are reused; their spare capacity is never needed.
    pub fn add(&mut self, timestamps: &[DateTime], values: Vec<f64>) {
        self.timestamps.reserve_exact(timestamps.len());
        self.timestamps.extend(timestamps.iter().map(DateTime::secs));
        self.values.reserve_exact(values.len());
        self.values.extend(values);
    }

    /// The points, each as the start of its bucket in epoch seconds, and its value.
    pub fn iter(&self) -> impl Iterator<Item = (i64, f64)> {
        self.timestamps.iter().copied().zip(self.values.iter().copied())
    }
}
