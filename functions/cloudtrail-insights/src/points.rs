//! The points of one series, as a response has them. Pure.

use aws_smithy_types::DateTime;

/// The points of one series: parallel lists, all pages joined.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    /// When each bucket begins, epoch seconds.
    pub timestamps: Vec<i64>,
    /// Its value.
    pub values: Vec<f64>,
}

impl Points {
    /// Adds a page. Nearly always there is only one, and its lists have spare capacity that is never needed.
    pub fn add(&mut self, timestamps: &[DateTime], values: Vec<f64>) {
        self.timestamps.reserve_exact(timestamps.len());
        self.timestamps.extend(timestamps.iter().map(DateTime::secs));
        self.values.reserve_exact(values.len());
        self.values.extend(values);
    }

    /// Each value with the time of its bucket.
    pub fn iter(&self) -> impl Iterator<Item = (i64, f64)> {
        self.timestamps.iter().copied().zip(self.values.iter().copied())
    }
}
