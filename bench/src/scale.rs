//! How much data there is in the memory benchmark. [`crate::sources`] makes the scenarios of it.

/// How much data there is in one account and region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Its name in the table of results.
    pub name: &'static str,
    /// The number of insights of each service. Each source derives its other numbers from it.
    pub insights: usize,
}

impl Scale {
    /// Once, ten times and a hundred times the data.
    pub const ALL: [Self; 3] = [
        Self { name: "1x", insights: 200 },
        Self { name: "10x", insights: 2_000 },
        Self { name: "100x", insights: 20_000 },
    ];
}
