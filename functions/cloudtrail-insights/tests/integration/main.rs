//! The collector in process against the simulated CloudTrail and the embedded table, and the shipped binary as a process of
//! its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test ends where it cannot go on, and a long one prints how far it came"
)]

#[cfg(test)]
mod answers;
#[cfg(test)]
mod backfill;
#[cfg(test)]
mod binary;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod closing;
#[cfg(test)]
mod conditions;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod first_run;
#[cfg(test)]
mod halves;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod lasting;
#[cfg(test)]
mod no_answers;
#[cfg(test)]
mod oversize;
#[cfg(test)]
mod points;
#[cfg(test)]
mod redact;
#[cfg(test)]
mod rejections;
#[cfg(test)]
mod second_run;
#[cfg(test)]
mod series_rows;
#[cfg(test)]
mod support;
#[cfg(test)]
mod surrogates;
#[cfg(test)]
mod targets;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod trail_of_the_call;
