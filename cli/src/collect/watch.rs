//! Progress of the targets: one moving line per target on a terminal, otherwise one line when a target ends.

use crate::output::progress::{Progress, Step};
use insights_query::format::{add, count, so_many};
use insights_shared::aws::Calls;
use insights_shared::hooks::{Activity, TargetActivity};
use insights_shared::record::Source;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The interval of updates.
const TICK: Duration = Duration::from_millis(200);
/// The number of updates over which the rate is measured: five seconds.
const UPDATES: usize = 25;
/// Without a terminal: the time after which a line says that the run continues.
const SILENCE: Duration = Duration::from_secs(30);

/// The progress of one source.
#[derive(Debug)]
pub struct Watch {
    source: Source,
    activity: Arc<Activity>,
    dry_run: bool,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    target: Arc<TargetActivity>,
    step: Option<Step>,
    updates: VecDeque<(Instant, u64)>,
    printed_at: Instant,
}

/// The start of the line of a run.
pub fn name(source: Source, account_id: &str, region: &str) -> String {
    format!("{source} {account_id} {region}")
}

impl Watch {
    /// Watches the runs of `source`. For a dry run, the line says "to write" instead of "written".
    pub fn new(source: Source, activity: Arc<Activity>, dry_run: bool) -> Self {
        Self { source, activity, dry_run, lines: Vec::new() }
    }

    /// Updates all `watches` and never returns.
    pub async fn all(watches: &mut [Self], progress: &Progress) -> Infallible {
        loop {
            for watch in &mut *watches {
                watch.update(progress);
            }
            tokio::time::sleep(TICK).await;
        }
    }

    /// Updates the lines once.
    pub fn update(&mut self, progress: &Progress) {
        let targets = self.activity.targets();
        for target in targets.into_iter().skip(self.lines.len()) {
            let step = progress.step(&name(self.source, &target.target.account_id, &target.target.region));
            let now = Instant::now();
            self.lines.push(Line { target, step: Some(step), updates: VecDeque::new(), printed_at: now });
        }
        for line in &mut self.lines {
            line.update(if self.dry_run { "to write" } else { "written" });
        }
    }
}

impl Line {
    fn update(&mut self, written_or_not: &str) {
        let Some(step) = &self.step else { return };
        let calls = self.target.calls.calls();
        let sent: u64 = calls.sent.values().sum();
        if let Some(status) = self.target.ended() {
            let counts = self.target.report.finish(&self.target.target).counts;
            let (written, fetched) = (count(counts.written), count(counts.fetched));
            let status = status.as_str().replace('_', " ");
            if let Some(step) = self.step.take() {
                let ended = format!(
                    "{status}: {written} of {fetched} records {written_or_not}, {}",
                    so_many(usize::try_from(sent).unwrap_or(usize::MAX), "call", "calls")
                );
                step.leave(&ended);
            }
            return;
        }
        let now = Instant::now();
        self.updates.push_back((now, sent));
        if self.updates.len() > UPDATES {
            self.updates.pop_front();
        }
        let rate =
            self.updates.front().map_or(0.0, |(then, before)| rate(sent - before, now.duration_since(*then)));
        let how = running(&calls, rate);
        step.update(&how);
        if now.duration_since(self.printed_at) >= SILENCE {
            self.printed_at = now;
            step.remind(&how);
        }
    }
}

fn rate(calls: u64, time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate is shown to a tenth")]
    let calls = calls as f64;
    if time.is_zero() { 0.0 } else { calls / time.as_secs_f64() }
}

/// The state of a run: pages, rate, throttled calls, and the operation of the last call. The operation is last because
/// a narrow terminal cuts the line.
fn running(calls: &Calls, rate: f64) -> String {
    let mut text = format!("{:>6} pages {rate:>6.1}/s", count(calls.answered));
    if calls.throttled > 0 {
        add(&mut text, format_args!("  {} throttled", count(calls.throttled)));
    }
    add(&mut text, format_args!("  {}", calls.last.as_deref().unwrap_or("starts")));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_line_shows_operation_pages_and_rate() {
        let calls = Calls {
            sent: BTreeMap::from([("LookupEvents".to_owned(), 1_300)]),
            throttled: 0,
            answered: 1_234,
            last: Some("LookupEvents".to_owned()),
        };
        assert_eq!(running(&calls, 2.04), " 1,234 pages    2.0/s  LookupEvents");
        let calls = Calls { throttled: 3, ..calls };
        assert!(running(&calls, 0.0).ends_with("0.0/s  3 throttled  LookupEvents"));
        assert!(running(&Calls::default(), 0.0).ends_with("  starts"));
    }

    #[test]
    fn a_rate_of_no_time_is_zero() {
        assert!(rate(10, Duration::ZERO).abs() < f64::EPSILON);
        assert!((rate(10, Duration::from_secs(5)) - 2.0).abs() < f64::EPSILON);
    }
}
