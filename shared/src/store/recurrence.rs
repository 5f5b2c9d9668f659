//! The parts of a `state` that tell when the next run of a target is expected: the interval of its runs, and when a target without
//! the source is requested again. Pure.

use crate::counts::RunStatus;
use crate::record::Stored;
use crate::time::Timestamp;
use crate::value::Map;

/// The interval of the scheduled runs of a target in seconds.
pub const RUN_INTERVAL: &str = "run_interval_seconds";
/// The instant from which the service is requested again, if the source was not enabled.
pub const ASK_AGAIN_AT: &str = "ask_again_at";

/// When the next run of a target is expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recurrence {
    /// The interval of its runs in seconds; `None` keeps the stored one.
    pub interval_seconds: Option<i64>,
    /// When a target in which the source is not enabled is requested again; `None` is every run.
    pub ask_again_at: Option<Timestamp>,
}

impl Recurrence {
    /// What a run that began at `begun_at` finds out, after a run that stored `state`. `recheck_hours` is
    /// `NOT_ENABLED_RECHECK_HOURS`.
    ///
    /// The interval is the time since the previous run, but at least half of the stored interval. So an additional run, such as a
    /// retry or `insights collect`, does not make a target appear stale before its next scheduled run.
    pub fn after(state: Option<&Stored>, begun_at: Timestamp, recheck_hours: i64) -> Self {
        let ask_again_at = (recheck_hours > 0).then(|| begun_at.plus_seconds(recheck_hours * 3_600));
        Self { interval_seconds: state.and_then(|state| interval(state, begun_at)), ask_again_at }
    }

    /// Adds the attributes of a `state` after a run with this result to `item`, and the names of those that it does not have to
    /// `removed`. After a run that fetched something, such as an open insight of a disabled group, no run is skipped.
    pub(super) fn store(self, status: RunStatus, fetched: u64, item: &mut Map, removed: &mut Vec<&str>) {
        if let Some(seconds) = self.interval_seconds {
            item.insert(RUN_INTERVAL.into(), seconds.into());
        }
        match self.ask_again_at.filter(|_| status == RunStatus::NotEnabled && fetched == 0) {
            Some(ask_again_at) => {
                item.insert(ASK_AGAIN_AT.into(), ask_again_at.into());
            }
            None => removed.push(ASK_AGAIN_AT),
        }
    }
}

fn interval(state: &Stored, begun_at: Timestamp) -> Option<i64> {
    // Runs in between were skipped.
    if state.timestamp(ASK_AGAIN_AT).is_some() {
        return None;
    }
    let since_previous =
        state.timestamp("last_begun_at").map(|previous| begun_at.millis_since(previous).div_euclid(1_000));
    let half = state.integer(RUN_INTERVAL).map(|stored| stored / 2);
    since_previous.max(half).filter(|seconds| *seconds > 0)
}

/// Until when scheduled runs skip a target with this `state`: the source was not enabled when it was last requested, less than
/// `recheck_hours` before `now`. `None` if it is requested now. A `state` without `ask_again_at` does not skip, so that a target is
/// never skipped without a sign of it.
pub fn skipped_until(state: &Stored, recheck_hours: i64, now: Timestamp) -> Option<Timestamp> {
    if state.is_newer_schema() || state.text("last_status") != Some(RunStatus::NotEnabled.as_str()) {
        return None;
    }
    // A time in the future is of a run with a wrong clock.
    let asked_at = state.timestamp("last_begun_at").filter(|asked_at| *asked_at <= now)?;
    let until =
        asked_at.plus_seconds(recheck_hours.saturating_mul(3_600)).min(state.timestamp(ASK_AGAIN_AT)?);
    (now < until).then_some(until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn at(time: &str) -> Timestamp {
        format!("2026-03-{time}Z").parse().unwrap()
    }

    fn state(members: &str) -> Stored {
        let Value::Map(map) = Value::from_json(&format!("{{{members}}}")).unwrap() else {
            panic!("{members}")
        };
        Stored(map)
    }

    #[test]
    fn the_interval_is_the_time_since_the_previous_run_but_at_least_half_of_the_stored_one() {
        let begun = r#""last_begun_at":"2026-03-01T11:00:00.000Z""#;
        for (members, expected) in [
            ("", None),
            (begun, Some(3_600)),
            (&format!(r#"{begun},"run_interval_seconds":3700"#), Some(3_600)),
            // An additional run ran an hour ago, between two runs every six hours.
            (&format!(r#"{begun},"run_interval_seconds":21600"#), Some(10_800)),
            (&format!(r#"{begun},"run_interval_seconds":60"#), Some(3_600)),
            (r#""run_interval_seconds":3600"#, Some(1_800)),
            // The other run began at the same time, or by a clock that is ahead.
            (r#""last_begun_at":"2026-03-01T12:00:00.000Z""#, None),
            (r#""last_begun_at":"2026-03-01T13:00:00.000Z""#, None),
            (r#""last_begun_at":"2026-03-01T13:00:00.000Z","run_interval_seconds":3600"#, Some(1_800)),
            // The time since the previous request is no interval if runs were skipped.
            (
                &format!(r#"{begun},"ask_again_at":"2026-03-01T11:30:00.000Z","run_interval_seconds":900"#),
                None,
            ),
        ] {
            let found = Recurrence::after(Some(&state(members)), at("01T12:00:00"), 23);
            assert_eq!(found.interval_seconds, expected, "{members}");
        }
        assert_eq!(Recurrence::after(None, at("01T12:00:00"), 23).interval_seconds, None);
    }

    #[test]
    fn only_a_target_without_the_source_is_asked_again_later() {
        let found = Recurrence::after(None, at("01T12:00:00"), 23);
        for (status, fetched) in [
            (RunStatus::Ok, 0),
            (RunStatus::Partial, 0),
            (RunStatus::NotEnabled, 0),
            (RunStatus::NotEnabled, 1),
            (RunStatus::Failed, 0),
        ] {
            let (mut item, mut removed) = (Map::new(), Vec::new());
            found.store(status, fetched, &mut item, &mut removed);
            if (status, fetched) == (RunStatus::NotEnabled, 0) {
                assert_eq!(item, Map::from([("ask_again_at".into(), at("02T11:00:00").into())]));
                assert!(removed.is_empty());
            } else {
                assert!(item.is_empty(), "{status:?}");
                assert_eq!(removed, ["ask_again_at"], "{status:?}");
            }
        }
        assert_eq!(Recurrence::after(None, at("01T12:00:00"), 0).ask_again_at, None);
    }

    #[test]
    fn a_target_is_skipped_until_the_hours_since_its_last_request_have_passed() {
        let at_noon = r#""last_status":"not_enabled","last_begun_at":"2026-03-01T12:00:00.000Z""#;
        let ask_again_at = r#""ask_again_at":"2026-03-02T11:00:00.000Z""#;
        let not_enabled = &*format!("{at_noon},{ask_again_at}");
        let until = Some(at("02T11:00:00"));
        for (members, hours, now, expected) in [
            (not_enabled, 23, "01T12:00:00", until),
            (not_enabled, 23, "02T10:59:59", until),
            (not_enabled, 23, "02T11:00:00", None),
            (not_enabled, 1, "01T12:59:59", Some(at("01T13:00:00"))),
            (not_enabled, 0, "01T12:00:00", None),
            (not_enabled, 23, "01T11:59:59", None),
            (not_enabled, 24, "02T10:59:59", until),
            (not_enabled, 24, "02T11:00:00", None),
            (at_noon, 23, "01T12:00:00", None),
            (&format!(r#""last_status":"not_enabled",{ask_again_at}"#), 23, "01T12:00:00", None),
            (&not_enabled.replace("not_enabled", "ok"), 23, "01T12:00:01", None),
            (&not_enabled.replace("not_enabled", "failed"), 23, "01T12:00:01", None),
            ("", 23, "01T12:00:01", None),
        ] {
            assert_eq!(skipped_until(&state(members), hours, at(now)), expected, "{members} {hours} {now}");
        }
        let newer = format!(r#"{not_enabled},"schema_version":2"#);
        assert_eq!(skipped_until(&state(&newer), 23, at("01T12:00:01")), None);
    }
}
