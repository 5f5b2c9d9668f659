//! The health of targets: whether a source was collected recently and completely in an account and region, and what to do if
//! not. It distinguishes "nothing was found" from "nothing was collected".

mod condition;
mod overall;
mod staleness;
mod survey;

pub use condition::{
    Classification, Condition, STARTED_BY_HAND, classify, is_about_permission, is_run_of, is_started_by_hand,
};
pub use overall::{Health, never_run};
pub use staleness::{ask_again_at, stale_after};
pub use survey::{Target, condition_of, count_rejected, described, survey};
