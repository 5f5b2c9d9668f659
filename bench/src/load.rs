//! How much data there is when functions are compared. [`crate::sources`] makes the scenarios of it.
//!
//! Nothing happens in the hour before the scenario starts, so that a second request gets the same answer.

/// One item in this number changes.
pub const CHANGES: usize = 100;

/// How much data there is in one account and region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Its name in the table of results.
    pub name: &'static str,
    /// The number of insights of each service. Each source derives its other numbers from it.
    pub insights: usize,
}

/// The data before or after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// The data of the first run.
    Initial,
    /// The same, of which one item in [`CHANGES`] has changed.
    Changed,
}

impl Load {
    /// The loads that are measured.
    pub const ALL: [Self; 3] = [
        Self { name: "empty", insights: 0 },
        Self { name: "usual", insights: 200 },
        Self { name: "large", insights: 20_000 },
    ];

    /// A load for a quick test.
    pub const TINY: Self = Self { name: "tiny", insights: 20 };
}
