//! Joins the events of an insight, in whichever order and by whichever way they come. Pure.

use crate::event::{Phase, PhaseEvent};
use crate::fit::{self, Removed, TRUNCATED};
use crate::redact::{self, Redact};
use crate::window::REACH_DAYS;
use insights_shared::key::Key;
use insights_shared::number::Number;
use insights_shared::record::{Record, Status, StatusReason, Stored, one_line, partition};
use insights_shared::series::{API_ERROR_RATE, LOOKUP, REQUESTED_TRAIL, SeriesKey};
use insights_shared::target::Target;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_shared::value::Value;
use insights_sources::cloudtrail;

/// The key of an insight.
pub fn insight_key(target: &Target, shared_event_id: &str) -> Key {
    let pk = partition(cloudtrail::SOURCE, &target.account_id, &target.region, [shared_event_id]);
    Key::new(pk, "insight")
}

/// The events of one insight that are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventPair {
    /// Its start.
    pub start: Option<PhaseEvent>,
    /// Its end.
    pub end: Option<PhaseEvent>,
}

impl EventPair {
    /// The events of a stored record.
    pub fn from_stored(stored: &Stored) -> Self {
        let detail = stored.0.get("detail");
        let truncated = detail.and_then(|detail| detail.at(&[TRUNCATED]));
        let event = |name: &str| {
            let event = PhaseEvent::from_stored(detail?.at(&[name])?)?;
            Some(PhaseEvent { removed: Removed::from_stored(truncated, name), ..event })
        };
        Self { start: event("start"), end: event("end") }
    }

    /// Takes an event in. `false` if a greater event of the same event was there already.
    ///
    /// The order is total (time, event id, hashes, text), so that the result is the same in whichever order events come.
    pub fn add(&mut self, phase: Phase, mut event: PhaseEvent) -> bool {
        let place = match phase {
            Phase::Start => &mut self.start,
            Phase::End => &mut self.end,
        };
        let Some(known) = place else {
            *place = Some(event);
            return true;
        };
        let same_event = known.time == event.time && known.event_id() == event.event_id();
        if same_event {
            // Whoever writes without `REDACT` must not bring back what was replaced: of that event the stored event stays,
            // without the look-up that comes now, which nothing was replaced in.
            if redact::hashes(&known.detail) > redact::hashes(&event.detail) {
                return true;
            }
            if known.removed.has_lookup() && !event.detail.contains_key(LOOKUP) {
                // With its look-up it was too large, and would be again.
                return true;
            }
            // A push has no look-up; it must not take away the one that is stored, unless only a part of that is.
            let stored = known.detail.get(LOOKUP).filter(|_| !known.removed.has_lookup());
            let lookup = stored.or_else(|| event.detail.get(LOOKUP)).cloned();
            if let Some(mut lookup) = lookup {
                if let Some(trail) = [known.asked_trail(), event.asked_trail()].into_iter().flatten().min()
                    && let Value::Map(lookup) = &mut lookup
                {
                    lookup.insert(REQUESTED_TRAIL.into(), trail.into());
                }
                known.detail.insert(LOOKUP.into(), lookup.clone());
                event.detail.insert(LOOKUP.into(), lookup);
            }
            if !known.removed.is_empty() {
                // The same event, all of it.
                *known = event;
                return true;
            }
        }
        let rank = |event: &PhaseEvent| {
            let hashes = redact::hashes(&event.detail);
            (event.time, event.event_id().to_owned(), hashes, event.event_text())
        };
        if rank(&event) > rank(known) {
            *known = event;
            return true;
        }
        same_event
    }

    /// Replaces what is not to be kept of either event.
    pub fn redact(&mut self, redact: &Redact) {
        for event in [&mut self.start, &mut self.end].into_iter().flatten() {
            redact.map(&mut event.detail);
        }
    }

    /// The trail that an event names for the series that `series` is without one.
    pub fn trail_of(&self, series: &SeriesKey) -> Option<String> {
        let mut named = [&self.end, &self.start].into_iter().flatten().map(PhaseEvent::series);
        let named = named.find(|named| SeriesKey { trail: None, ..named.clone() } == *series)?;
        named.trail
    }

    /// A text of `insightDetails`, the end's if it has one.
    fn insight(&self, name: &str) -> Option<&str> {
        let end = self.end.as_ref().and_then(|event| event.insight(name));
        end.or_else(|| self.start.as_ref().and_then(|event| event.insight(name)))
    }

    /// A statistic. The end's is over the whole activity, the start's provisional.
    fn statistic(&self, path: &[&str]) -> Option<&Number> {
        let end = self.end.as_ref().and_then(|event| event.statistic(path));
        end.or_else(|| self.start.as_ref().and_then(|event| event.statistic(path)))
    }

    fn started_at(&self) -> Option<Timestamp> {
        if let Some(start) = &self.start {
            return Some(start.time);
        }
        let end = self.end.as_ref()?;
        let minutes =
            end.statistic(&["insight_duration"]).map(Number::as_f64).filter(|minutes| minutes.is_finite());
        #[expect(clippy::cast_possible_truncation, reason = "minutes; what is hostile saturates")]
        let seconds = (minutes.unwrap_or(0.0).max(0.0) * 60.0).round() as i64;
        Some(end.time.plus_seconds(seconds.saturating_neg()))
    }

    /// The record of the events. It is the start's until the end is known. What no item would hold is left out of it.
    pub fn into_record(self, target: &Target, shared_event_id: &str, answered_at: Timestamp) -> Record {
        let (pair, truncated) = fit::fitted(self, shared_event_id);
        let mut record = pair.into_whole_record(target, shared_event_id, answered_at);
        if let Some(truncated) = truncated {
            record.detail.insert(TRUNCATED.into(), truncated);
        }
        record
    }

    fn into_whole_record(self, target: &Target, shared_event_id: &str, answered_at: Timestamp) -> Record {
        let key = insight_key(target, shared_event_id);
        let mut record =
            Record::new(cloudtrail::INSIGHT, key, &target.account_id, &target.region, answered_at);
        record.id = Some(shared_event_id.to_owned());
        let end = self.end.as_ref().map(|event| event.time);
        record.status = Some(if end.is_some() { Status::Closed } else { Status::Open });
        record.started_at = self.started_at();
        record.ended_at = end;
        record.updated_at = end.max(self.start.as_ref().map(|event| event.time));
        record.entity = self.insight("event_source").map(str::to_owned);
        let average = self.statistic(&["insight", "average"]);
        let baseline = self.statistic(&["baseline", "average"]);
        record.severity = Some(
            cloudtrail::BASELINE_RATIO.severity(average.map(Number::as_f64), baseline.map(Number::as_f64)),
        );
        record.title = Some(self.title(average, baseline));
        let measures = [("insight_average", average), ("baseline_average", baseline)];
        record.measures =
            measures.into_iter().filter_map(|(name, number)| Some((name.into(), number?.clone()))).collect();
        for (name, event) in [("end", self.end), ("start", self.start)] {
            if let Some(event) = event {
                record.detail.insert(name.into(), Value::Map(event.detail));
            }
        }
        record
    }

    fn title(&self, average: Option<&Number>, baseline: Option<&Number>) -> String {
        let name = self.insight("event_name").unwrap_or("unnamed calls");
        let source = self.insight("event_source").unwrap_or("an unnamed service");
        let rate = match self.insight("insight_type") {
            Some(API_ERROR_RATE) => {
                let code = self.insight("error_code").map(|code| format!("{code} ")).unwrap_or_default();
                format!("{code}error rate")
            }
            _ => "call rate".to_owned(),
        };
        let average = average.map_or_else(|| "unknown".to_owned(), |average| format!("{average} a minute"));
        let baseline = baseline.map_or_else(|| "unknown".to_owned(), ToString::to_string);
        one_line(&format!("{name} on {source}: {rate} {average}, baseline {baseline}"))
    }
}

/// Whether a stored start has waited for its end longer than CloudTrail would still give it.
pub fn is_overdue(stored: &Stored, now: Timestamp) -> bool {
    /// The end may come in the very hour in which the start leaves CloudTrail's reach.
    const GRACE_SECONDS: i64 = 3_600;
    let limit = now.plus_seconds(-REACH_DAYS * DAY_SECONDS - GRACE_SECONDS);
    stored.timestamp("started_at").is_some_and(|started| started < limit)
}

/// The stored record of a start whose end never came, closed when CloudTrail could have told of one for the last time.
pub fn no_end_seen(stored: &Stored, answered_at: Timestamp) -> Option<Record> {
    let mut record = Record::from_stored(cloudtrail::INSIGHT, stored, answered_at)?;
    record.status = Some(Status::Closed);
    record.status_reason = Some(StatusReason::NoEndSeen);
    record.ended_at = record.started_at.map(|started| started.plus_seconds(REACH_DAYS * DAY_SECONDS));
    Some(record)
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
