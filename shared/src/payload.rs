//! The payload of an invocation: an EventBridge event, our own object, or `null`. No I/O.

use crate::fields::{Faults, Fields};
use crate::record::Source;
use crate::surrogate::replace_unpaired;
use crate::target::{self, Target};
use crate::time::Timestamp;
use crate::value::Value;
use serde_json::value::RawValue;

/// A time span in the past, `start` before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

/// An event that a service pushed through EventBridge.
#[derive(Clone, Debug, PartialEq)]
pub struct Push {
    /// The account of the envelope.
    pub account_id: String,
    /// The region of the envelope.
    pub region: String,
    /// The time of the envelope.
    pub time: Option<Timestamp>,
    /// The service's data, with all digits of its numbers.
    pub detail: Value,
    /// The service's data, as received.
    pub raw: String,
}

/// The contents of a payload.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// A run over the configured targets, up to the current time.
    Scheduled {
        /// The time of the schedule, which is only recorded.
        scheduled_time: Option<Timestamp>,
        /// The targets to use instead of the configured ones.
        targets: Option<Vec<Target>>,
        /// Whether nothing is written.
        dry_run: bool,
    },
    /// A backfill.
    Window {
        /// The time of the schedule.
        scheduled_time: Option<Timestamp>,
        /// The time span to load.
        window: Window,
        /// The targets to use instead of the configured ones.
        targets: Option<Vec<Target>>,
        /// Whether nothing is written.
        dry_run: bool,
    },
    /// One event, to be stored immediately.
    Push(Box<Push>),
}

/// The byte order mark with which some programs begin a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Like [`parse`], for bytes.
pub fn read(bytes: &[u8], source: Source, own_region: &str, now: Timestamp) -> Result<Payload, Faults> {
    let fault = |value: &str, rule: String| {
        let mut faults = Faults::default();
        faults.add("payload", value, rule);
        Err(faults)
    };
    match std::str::from_utf8(bytes) {
        Err(error) => {
            let text = String::from_utf8_lossy(bytes);
            fault(&text, format!("must be UTF-8: byte {} is not", error.valid_up_to()))
        }
        Ok(text) if text.starts_with(BYTE_ORDER_MARK) => {
            fault(text, "must not begin with a byte-order mark".to_owned())
        }
        Ok(text) => parse(text, source, own_region, now),
    }
}

/// Reads a payload for the function of `source`. A target without regions gets `own_region`.
pub fn parse(raw: &str, source: Source, own_region: &str, now: Timestamp) -> Result<Payload, Faults> {
    let mut faults = Faults::default();
    // As for an event from a look-up, so that both have the same hash.
    let raw = &*replace_unpaired(raw);
    let value: serde_json::Value = match serde_json::from_str(raw) {
        Ok(value) => value,
        Err(error) => {
            faults.add("payload", raw, format!("must be JSON: {error}"));
            return Err(faults);
        }
    };
    if value.is_null() {
        return Ok(Payload::Scheduled { scheduled_time: None, targets: None, dry_run: false });
    }
    let is_event = value.get("detail-type").is_some();
    let Some(fields) = Fields::new(value, "", &mut faults) else { return Err(faults) };
    let payload =
        if is_event { parse_event(raw, source, fields) } else { parse_own(source, own_region, now, fields) };
    match payload {
        Some(payload) => faults.or(payload),
        None => Err(faults),
    }
}

fn parse_event(raw: &str, source: Source, mut fields: Fields<'_>) -> Option<Payload> {
    let detail_type = fields.required_string("detail-type")?;
    let event_source = fields.string("source").unwrap_or_default();
    let time = fields.timestamp("time");
    if detail_type == "Scheduled Event" {
        if !["aws.events", "aws.scheduler"].contains(&event_source.as_str()) {
            let rule = "must be aws.events or aws.scheduler for a Scheduled Event";
            fields.faults().add("source", &event_source, rule);
        }
        return Some(Payload::Scheduled { scheduled_time: time, targets: None, dry_run: false });
    }
    let Some(event) = source.push.filter(|event| event.detail_type == detail_type) else {
        let push = source.push.map(|event| format!(" or {}", event.detail_type)).unwrap_or_default();
        fields.faults().add(
            "detail-type",
            &detail_type,
            format!("must be Scheduled Event{push} for {}", source.package),
        );
        return None;
    };
    if event_source != event.event_source {
        let rule = format!("must be {} for {}", event.event_source, event.detail_type);
        fields.faults().add("source", &event_source, rule);
    }
    let account_id = fields.required_string("account").unwrap_or_default();
    let region = fields.required_string("region").unwrap_or_default();
    let detail_is_object = fields.value("detail").is_some_and(|detail| detail.is_object());
    if !detail_is_object {
        fields.faults().add("detail", "", "must be an object: the event itself");
        return None;
    }
    let raw_detail = detail_text(raw)?;
    match Value::from_json(&raw_detail) {
        Ok(detail) => {
            Some(Payload::Push(Box::new(Push { account_id, region, time, detail, raw: raw_detail })))
        }
        Err(error) => {
            fields.faults().add("detail", raw_detail, error);
            None
        }
    }
}

/// The text of the member `detail`, so that its numbers keep all digits.
fn detail_text(raw: &str) -> Option<String> {
    let members: std::collections::HashMap<String, &RawValue> = serde_json::from_str(raw).ok()?;
    members.get("detail").map(|detail| detail.get().to_owned())
}

fn parse_own(source: Source, own_region: &str, now: Timestamp, mut fields: Fields<'_>) -> Option<Payload> {
    let scheduled_time = fields.timestamp("scheduled_time");
    let has_window = fields.has("window");
    let window = fields.object("window").and_then(|window| parse_window(window, now));
    let dry_run = fields.boolean("dry_run").unwrap_or(false);
    let targets = fields
        .value("targets")
        .map(|value| target::parse_targets(value, "targets", own_region, fields.faults()));
    if has_window && source.history.is_none() {
        let rule = format!("must be left out: {} only answers for the present", source.label);
        fields.faults().add("window", "", rule);
    }
    fields.finish();
    if has_window {
        return Some(Payload::Window { scheduled_time, window: window?, targets, dry_run });
    }
    Some(Payload::Scheduled { scheduled_time, targets, dry_run })
}

fn parse_window(mut fields: Fields<'_>, now: Timestamp) -> Option<Window> {
    for name in ["start", "end"] {
        if !fields.has(name) {
            fields.missing(name);
        }
    }
    let (start, end) = (fields.timestamp("start"), fields.timestamp("end"));
    if let (Some(start), Some(end)) = (start, end) {
        let (start_path, end_path) = (fields.path("start"), fields.path("end"));
        if start >= end {
            fields.faults().add(start_path, start, format!("must be before the end {end}"));
        }
        if end > now {
            fields.faults().add(end_path, end, format!("must not be in the future: it is {now}"));
        }
    }
    fields.finish();
    Some(Window { start: start?, end: end? })
}

/// Checks that the window of a backfill is not in the future of the correct time `now`. If it is in the past only by the
/// clock of a machine that is ahead (`machine_now`), it ends at `now`.
pub fn settle_window(window: Window, now: Timestamp, machine_now: Timestamp) -> Result<Window, Faults> {
    let mut faults = Faults::default();
    if window.end > now.max(machine_now) || window.start >= now {
        let end = if window.start >= now { window.start } else { window.end };
        let field = if window.start >= now { "window.start" } else { "window.end" };
        faults.add(field, end, format!("must not be in the future: it is {now}"));
    }
    faults.or(Window { start: window.start, end: window.end.min(now) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_sources::auditmanager;
    use insights_sources::cloudtrail;
    use insights_sources::xray;

    fn now() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    fn check(source: Source, raw: &str) -> Result<Payload, String> {
        parse(raw, source, "eu-west-1", now()).map_err(|faults| faults.to_string())
    }

    #[test]
    fn an_empty_payload_and_every_schedule_are_a_scheduled_run() {
        let rule = r#"{"detail-type":"Scheduled Event","source":"aws.events","time":"2026-03-01T11:00:00Z","detail":{}}"#;
        let scheduler = r#"{"detail-type":"Scheduled Event","source":"aws.scheduler","time":"2026-03-01T11:00:00Z","detail":"{}"}"#;
        let own = r#"{"scheduled_time":"2026-03-01T11:00:00Z"}"#;
        for (raw, timed) in [("{}", false), ("null", false), (rule, true), (scheduler, true), (own, true)] {
            for source in insights_sources::all() {
                let Ok(Payload::Scheduled { scheduled_time, targets: None, dry_run: false }) =
                    check(source, raw)
                else {
                    panic!("{raw}")
                };
                assert_eq!(scheduled_time.is_some(), timed, "{raw}");
            }
        }
    }

    #[test]
    fn a_push_keeps_all_digits_of_its_detail() {
        let raw = r#"{"detail-type":"AWS X-Ray Insight Update","source":"aws.xray","account":"123456789012",
            "region":"eu-west-1","time":"2026-03-01T11:00:00Z","detail":{"InsightId":"x","n":12345678901234567890123}}"#;
        let Ok(Payload::Push(push)) = check(xray::SOURCE, raw) else { panic!() };
        assert_eq!(push.detail.at(&["n"]).unwrap().as_number().unwrap().as_str(), "12345678901234567890123");
        assert_eq!((push.account_id.as_str(), push.region.as_str()), ("123456789012", "eu-west-1"));
        assert!(
            check(cloudtrail::SOURCE, raw)
                .unwrap_err()
                .contains("must be Scheduled Event or AWS Insight via")
        );
        assert!(
            check(auditmanager::SOURCE, raw)
                .unwrap_err()
                .contains("must be Scheduled Event for auditmanager")
        );
    }

    #[test]
    fn unpaired_surrogates_are_replaced_everywhere_in_a_payload() {
        let push = |detail: &str| {
            let raw = format!(
                r#"{{"detail-type":"AWS X-Ray Insight Update","source":"aws.xray","account":"123456789012",
                "region":"eu-west-1","detail":{detail}}}"#
            );
            let Ok(Payload::Push(push)) = check(xray::SOURCE, &raw) else { panic!("{raw}") };
            (push.detail, push.raw)
        };
        for (detail, expected) in [
            (r#"{"InsightId":"x\ud83d"}"#, r#"{"InsightId":"x\ufffd"}"#),
            (r#"{"a":["\ude00\ud83d"]}"#, r#"{"a":["\ufffd\ufffd"]}"#),
            (r#"{"\udc00":"\ud83d\n"}"#, r#"{"\ufffd":"\ufffd\n"}"#),
            (r#"{"a":"\ud83d\ude00 \\ud83d"}"#, r#"{"a":"\ud83d\ude00 \\ud83d"}"#),
        ] {
            let value = Value::from_json(expected).unwrap();
            assert_eq!(push(detail), (value, expected.to_owned()), "{detail}");
        }
        let error = check(xray::SOURCE, r#"{"dry\ud83drun":true}"#).unwrap_err();
        assert!(error.contains("dry\u{fffd}run is true: unknown key"), "{error}");
    }

    #[test]
    fn a_window_is_a_backfill_but_not_for_audit_manager() {
        let raw =
            r#"{"window":{"start":"2026-02-01T00:00:00Z","end":"2026-02-02T00:00:00Z"},"dry_run":true}"#;
        let Ok(Payload::Window { window, dry_run: true, .. }) = check(cloudtrail::SOURCE, raw) else {
            panic!()
        };
        assert_eq!(window.end.millis_since(window.start), 86_400_000);
        assert!(
            check(auditmanager::SOURCE, raw)
                .unwrap_err()
                .contains("Audit Manager only answers for the present")
        );
    }

    #[test]
    fn every_fault_of_a_payload_is_reported_at_once() {
        for (raw, expected) in [
            ("[]", vec!["input is []: must be an object"]),
            ("{", vec!["must be JSON"]),
            (
                r#"{"window":{"start":"2026-02-03T00:00:00Z","end":"2026-02-02T00:00:00Z","x":1},"dryrun":true}"#,
                vec![
                    "window.start is 2026-02-03",
                    "window.x is 1: unknown key",
                    "dryrun is true: unknown key; known keys are scheduled_time, window, dry_run, targets",
                ],
            ),
            (r#"{"window":{"start":"2026-02-03T00:00:00Z"}}"#, vec!["window.end: is required"]),
            (r#"{"window":3}"#, vec!["window is 3: must be an object"]),
            (
                r#"{"window":{"start":"2026-02-03T00:00:00Z","end":"2027-02-02T00:00:00Z"}}"#,
                vec!["in the future"],
            ),
            (r#"{"dry_run":"yes","targets":[]}"#, vec!["dry_run is \"yes\"", "targets is []"]),
            (r#"{"detail-type":"Scheduled Event","source":"mine"}"#, vec!["source is mine"]),
            (r#"{"detail-type":7}"#, vec!["detail-type is 7"]),
            (
                r#"{"detail-type":"AWS X-Ray Insight Update","source":"aws.xray","detail":[]}"#,
                vec!["account: is required", "region: is required", "detail: must be an object"],
            ),
        ] {
            let text = check(xray::SOURCE, raw).unwrap_err();
            for part in expected {
                assert!(text.contains(part), "{raw}: {part} not in {text}");
            }
        }
    }
}
