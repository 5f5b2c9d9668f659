//! When the last run of a target is too old. The rule depends on how often the target is collected, which its `state` tells. Pure.

use insights_shared::record::{Source, Stored};
use insights_shared::store::recurrence::{ASK_AGAIN_AT, RUN_INTERVAL};
use insights_shared::time::Timestamp;

/// A target is stale after this number of missed runs.
const MISSED: i64 = 4;

/// The maximum age of a last run in seconds: four intervals. The interval is that of the target's runs, but at least that of the
/// default schedule of `source`.
pub fn stale_after(source: Source, state: Option<&Stored>) -> i64 {
    let measured = state.and_then(|state| state.integer(RUN_INTERVAL)).unwrap_or_default();
    measured.max(source.schedule.minutes * 60).saturating_mul(MISSED)
}

/// From when a run requests a target again in which the source was not enabled; until then, runs skip it. `None` if no run skips
/// it.
pub fn ask_again_at(state: &Stored) -> Option<Timestamp> {
    state.timestamp(ASK_AGAIN_AT).filter(|_| state.text("last_status") == Some("not_enabled"))
}

/// Whether the last run, which ended at `last_run_at`, is too old: older than `oldest` seconds, or by default than four intervals.
/// For a target that is skipped, the age counts from the end of the skipped time. By default it may be as long again: how often
/// skipped runs come is unknown.
pub(super) fn is_stale(
    state: &Stored,
    last_run_at: Timestamp,
    source: Source,
    now: Timestamp,
    oldest: Option<i64>,
) -> bool {
    let mut limit = stale_after(source, Some(state));
    let mut due_at = last_run_at;
    if let Some(ask_again_at) = ask_again_at(state).filter(|ask_again_at| *ask_again_at > last_run_at) {
        due_at = ask_again_at;
        limit = limit.max(ask_again_at.millis_since(last_run_at) / 1_000);
    }
    now.millis_since(due_at) > oldest.unwrap_or(limit).saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::Value;
    use insights_sources::{auditmanager, xray};

    fn state(further: &str) -> Stored {
        let json = format!(r#"{{"last_status":"ok"{further}}}"#);
        let Value::Map(map) = Value::from_json(&json).unwrap() else { panic!("{json}") };
        Stored(map)
    }

    fn at(time: &str) -> Timestamp {
        format!("2026-03-{time}Z").parse().unwrap()
    }

    #[test]
    fn a_target_is_stale_after_four_of_its_own_intervals_but_not_before_four_of_the_default_schedule() {
        for (source, interval, seconds) in [
            (xray::SOURCE, "", 3_600),
            (xray::SOURCE, r#","run_interval_seconds":900"#, 3_600),
            (xray::SOURCE, r#","run_interval_seconds":3600"#, 4 * 3_600),
            (xray::SOURCE, r#","run_interval_seconds":86400"#, 4 * 86_400),
            (auditmanager::SOURCE, r#","run_interval_seconds":3600"#, 24 * 3_600),
        ] {
            let state = state(interval);
            let last_run_at = at("01T12:00:00");
            let is_stale = |after: i64, oldest| {
                is_stale(&state, last_run_at, source, last_run_at.plus_seconds(after), oldest)
            };
            assert!(!is_stale(seconds, None) && is_stale(seconds + 1, None), "{source} {interval}");
            assert!(!is_stale(60, Some(60)) && is_stale(61, Some(60)), "a given age comes first");
            assert!(!is_stale(9 * 86_400, Some(9 * 86_400)), "a given age comes first");
        }
    }

    #[test]
    fn a_skipped_target_is_stale_if_it_is_not_requested_again() {
        let skipped = r#","last_status":"not_enabled","ask_again_at":"2026-03-02T11:00:00.000Z""#;
        for (further, now, oldest, expected) in [
            (skipped, "02T10:59:59", None, false),
            // Four default intervals are an hour, but the run at noon may be the next one.
            (skipped, "02T12:30:00", None, false),
            (skipped, "03T10:00:00", None, false),
            (skipped, "03T10:00:01", None, true),
            (skipped, "02T11:00:00", Some(0), false),
            (skipped, "02T11:00:01", Some(0), true),
            // Longer intervals than the skipped time.
            (&format!(r#"{skipped},"run_interval_seconds":86400"#), "06T11:00:00", None, false),
            (&format!(r#"{skipped},"run_interval_seconds":86400"#), "06T11:00:01", None, true),
            // A run of another status counts from its own time.
            (r#","ask_again_at":"2026-03-02T11:00:00.000Z""#, "01T13:00:01", None, true),
        ] {
            let state = state(further);
            let found = is_stale(&state, at("01T12:00:00"), xray::SOURCE, at(now), oldest);
            assert_eq!(found, expected, "{further} {now} {oldest:?}");
        }
    }
}
