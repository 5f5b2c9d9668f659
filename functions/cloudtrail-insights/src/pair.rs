//! The known events of an insight, and what they state about it. No I/O.

use crate::event::PhaseEvent;
use crate::removed::{Removed, TRUNCATED};
use insights_shared::number::Number;
use insights_shared::record::Stored;
use insights_shared::series::SeriesKey;
use insights_shared::time::Timestamp;

/// The known events of one insight.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventPair {
    /// Its Start.
    pub start: Option<PhaseEvent>,
    /// Its End.
    pub end: Option<PhaseEvent>,
}

impl EventPair {
    /// Reads the events of a stored record.
    pub fn from_stored(stored: &Stored) -> Self {
        let detail = stored.0.get("detail");
        let truncated = detail.and_then(|detail| detail.at(&[TRUNCATED]));
        let event = |name: &str| {
            let event = PhaseEvent::from_stored(detail?.at(&[name])?)?;
            Some(PhaseEvent { removed: Removed::from_stored(truncated, name), ..event })
        };
        Self { start: event("start"), end: event("end") }
    }

    /// The trail of the events' series, if that series differs from `series` only in the trail.
    pub fn trail_of(&self, series: &SeriesKey) -> Option<String> {
        let mut named = [&self.end, &self.start].into_iter().flatten().map(PhaseEvent::series);
        let named = named.find(|named| SeriesKey { trail: None, ..named.clone() } == *series)?;
        named.trail
    }

    /// A text member of `insightDetails`, from the End if it has one, otherwise from the Start.
    pub(crate) fn insight(&self, name: &str) -> Option<&str> {
        let end = self.end.as_ref().and_then(|event| event.insight(name));
        end.or_else(|| self.start.as_ref().and_then(|event| event.insight(name)))
    }

    /// A statistic. That of the End covers the whole activity; that of the Start is provisional.
    pub(crate) fn statistic(&self, path: &[&str]) -> Option<&Number> {
        let end = self.end.as_ref().and_then(|event| event.statistic(path));
        end.or_else(|| self.start.as_ref().and_then(|event| event.statistic(path)))
    }

    /// The time of the Start. Without a Start, the time of the End minus the stated duration.
    pub(crate) fn started_at(&self) -> Option<Timestamp> {
        if let Some(start) = &self.start {
            return Some(start.time);
        }
        let end = self.end.as_ref()?;
        let minutes =
            end.statistic(&["insight_duration"]).map(Number::as_f64).filter(|minutes| minutes.is_finite());
        #[expect(clippy::cast_possible_truncation, reason = "minutes; an invalid number saturates")]
        let seconds = (minutes.unwrap_or(0.0).max(0.0) * 60.0).round() as i64;
        Some(end.time.plus_seconds(seconds.saturating_neg()))
    }
}
