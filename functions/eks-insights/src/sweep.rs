//! Collects an account with more clusters than one invocation has time for. A later run continues the sweep with the first
//! cluster that an earlier run did not finish. No I/O.

use insights_shared::collector::Cursor;
use insights_shared::completeness::Completeness;
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, Value};

/// One sweep through all clusters, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sweep {
    /// When its first run began. Everything that the sweep has passed was fetched after this.
    since: Timestamp,
    /// The first cluster that is not finished.
    next: String,
    /// Whether everything was complete so far.
    so_far: Completeness,
}

impl Sweep {
    /// Continues the stored sweep, or begins one at `now`.
    pub(crate) fn of(state: Option<&Stored>, now: Timestamp) -> Self {
        let resume = state.and_then(|state| state.0.get("resume"));
        let continued = resume.and_then(|resume| {
            // A time in the future comes from a run whose clock was ahead.
            let since = resume.at(&["since"])?.as_timestamp().filter(|since| *since <= now)?;
            let next = resume.at(&["next"])?.as_str()?.to_owned();
            let so_far = Completeness::of(resume.at(&["complete"])? == &Value::Bool(true));
            Some(Self { since, next, so_far })
        });
        continued.unwrap_or(Self { since: now, next: String::new(), so_far: Completeness::Complete })
    }

    /// Whether the sweep still has to collect the cluster.
    pub(crate) fn has_left(&self, cluster: &str) -> bool {
        cluster >= self.next.as_str()
    }

    /// The watermark, and where the next run continues. `completeness` is the result of everything that the run finished;
    /// `unfinished` is the first cluster for which there was no time.
    pub(crate) fn end(
        &self,
        completeness: Completeness,
        unfinished: Option<&str>,
    ) -> (Option<Timestamp>, Cursor) {
        let mut so_far = self.so_far;
        so_far &= completeness;
        let Some(next) = unfinished else {
            return (so_far.is_complete().then_some(self.since), Cursor::Clear);
        };
        let place = Map::from([
            ("complete".into(), so_far.is_complete().into()),
            ("next".into(), next.into()),
            ("since".into(), self.since.into()),
        ]);
        (None, Cursor::Set(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Completeness::{Complete, Incomplete};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The state after a run with this `cursor`.
    fn state(cursor: Cursor) -> Stored {
        let Cursor::Set(place) = cursor else { panic!("nothing is left: {cursor:?}") };
        Stored(Map::from([("resume".into(), Value::Map(place))]))
    }

    #[test]
    fn a_sweep_of_one_run_has_every_cluster_and_moves_the_watermark_to_its_start() {
        let now = at("2026-03-01T12:00:00Z");
        let sweep = Sweep::of(None, now);
        assert!(sweep.has_left("") && sweep.has_left("a"));
        assert_eq!(sweep.end(Complete, None), (Some(now), Cursor::Clear));
        assert_eq!(sweep.end(Incomplete, None), (None, Cursor::Clear));
    }

    #[test]
    fn a_later_run_continues_with_the_first_unfinished_cluster_and_ends_the_sweep_of_the_first() {
        let (first, second) = (at("2026-03-01T12:00:00Z"), at("2026-03-02T18:00:00Z"));
        for (result, expected) in [(Complete, Some(first)), (Incomplete, None)] {
            let (watermark, cursor) = Sweep::of(None, first).end(result, Some("m"));
            assert_eq!(watermark, None);
            let sweep = Sweep::of(Some(&state(cursor)), second);
            assert_eq!(["a", "m", "z"].map(|cluster| sweep.has_left(cluster)), [false, true, true]);
            // After a failure in any run of the sweep, data is missing.
            assert_eq!(sweep.end(Complete, None), (expected, Cursor::Clear));
        }
    }

    #[test]
    fn a_sweep_that_begins_in_the_future_restarts() {
        let (first, second) = (at("2026-03-01T12:00:00Z"), at("2026-03-01T11:00:00Z"));
        let (_, cursor) = Sweep::of(None, first).end(Complete, Some("m"));
        assert_eq!(Sweep::of(Some(&state(cursor)), second), Sweep::of(None, second));
    }
}
