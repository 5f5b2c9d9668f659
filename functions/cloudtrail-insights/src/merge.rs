//! Joins the events of an insight, in any order and by any route. No I/O.

use crate::event::{Phase, PhaseEvent};
use crate::fit;
use crate::pair::EventPair;
use crate::redact::{self, Redact};
use crate::removed::TRUNCATED;
use crate::window::REACH_DAYS;
use insights_shared::key::Key;
use insights_shared::number::Number;
use insights_shared::record::{Record, Status, StatusReason, Stored, one_line, partition};
use insights_shared::series::{API_ERROR_RATE, LOOKUP, REQUESTED_TRAIL};
use insights_shared::target::Target;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_shared::value::Value;
use insights_sources::cloudtrail;

/// The key of an insight.
pub fn insight_key(target: &Target, shared_event_id: &str) -> Key {
    let pk = partition(cloudtrail::SOURCE, &target.account_id, &target.region, [shared_event_id]);
    Key::new(pk, "insight")
}

impl EventPair {
    /// Adds an event. Returns `false` if a greater event of the same phase is already known.
    ///
    /// The order is total (time, event id, hashes, text), so the result does not depend on the order in which events are
    /// added.
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
            // A function without `REDACT` must not restore replaced data. The stored event stays, and the new look-up is not
            // added, because its data is not replaced.
            if redact::hashes(&known.detail) > redact::hashes(&event.detail) {
                return true;
            }
            if known.removed.has_lookup() && !event.detail.contains_key(LOOKUP) {
                // The event with this look-up was too large before, and would be again.
                return true;
            }
            // A push has no look-up. It must not remove the stored look-up, unless that is incomplete.
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
                // The whole event replaces its stored part.
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

    /// Replaces personal data in both events by hashes.
    pub fn redact(&mut self, redact: &Redact) {
        for event in [&mut self.start, &mut self.end].into_iter().flatten() {
            redact.map(&mut event.detail);
        }
    }

    /// Creates the record of the events. It is open until the End is known. Members that do not fit into an item are removed.
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

/// Whether a stored Start is so old that CloudTrail no longer returns its End.
pub fn is_overdue(stored: &Stored, now: Timestamp) -> bool {
    /// The End may still come within the hour after CloudTrail deletes the Start.
    const GRACE_SECONDS: i64 = 3_600;
    let limit = now.plus_seconds(-REACH_DAYS * DAY_SECONDS - GRACE_SECONDS);
    stored.timestamp("started_at").is_some_and(|started| started < limit)
}

/// The stored record of a Start without an End, closed at the last instant at which CloudTrail could have returned the End.
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
