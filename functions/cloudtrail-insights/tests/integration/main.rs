//! The collector in this process against the simulated CloudTrail and the embedded table, and the function binary in
//! its own process.

#![cfg(test)]

mod answers;
mod backfill;
mod binary;
mod clocks;
mod closing;
mod conditions;
mod crash;
mod crashes;
mod discovery;
mod faults;
mod first_run;
mod halves;
mod hostile;
mod lasting;
mod no_answers;
mod oversize;
mod points;
mod pushed_accounts;
mod redact;
mod rejections;
mod second_run;
mod series_rows;
mod support;
mod surrogates;
mod targets;
mod tls;
mod trail_of_the_call;
mod watermark;
