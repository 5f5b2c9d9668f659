//! What a dry run would write, for somebody who wants more of it than a count. It keeps nothing itself.

use super::Store;
use crate::value::Map;
use std::fmt;
use std::sync::Arc;

/// What a write would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing is stored under the key.
    New,
    /// What is stored would be replaced.
    Changed,
    /// It is stored already: nothing would be written.
    Same,
}

type Told = dyn Fn(&Map, Change) + Send + Sync;

/// Is told of each item that a dry run would write, whole, and of each record that is stored already.
#[derive(Clone)]
pub struct Plan(Arc<Told>);

impl Plan {
    /// A plan that hands everything to `told`.
    pub fn new(told: impl Fn(&Map, Change) + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Plan").finish_non_exhaustive()
    }
}

impl Store {
    /// The same, whose dry runs tell `plan` what they would write.
    #[must_use]
    pub fn planned_by(self, plan: Option<Plan>) -> Self {
        Self { plan, ..self }
    }

    /// Tells the plan of an item that a dry run does not write.
    pub(super) fn intend(&self, item: &Map, change: Change) {
        if let Some(plan) = &self.plan {
            (plan.0)(item, change);
        }
    }
}
