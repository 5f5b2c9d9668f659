//! The filter of the live page, from the parameters of its address. All faults of an address are reported at once.

use insights_query::format::{instant, plain};
use insights_query::input::{account, region, when};
use insights_query::{Place, Span};
use insights_shared::record::{Severity, Source, Stored};
use insights_shared::time::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// The parameters for insights.
pub const OF_INSIGHTS: [&str; 8] =
    ["source", "severity", "status", "account", "region", "q", "since", "until"];
/// The parameters for counts, which have neither severity nor status.
pub const OF_COUNTS: [&str; 5] = ["source", "account", "region", "since", "until"];
/// The maximum length of a parameter.
const LONGEST: usize = 200;
/// The default start of the period.
pub const DEFAULT_SINCE: &str = "7d";
/// The maximum period of a page in seconds. For older insights, set `until`.
const LONGEST_SPAN: i64 = 400 * 86_400;

/// A fault in a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub field: String,
    /// Its value.
    pub value: String,
    /// The rule that it violates.
    pub rule: String,
}

/// The filter. An empty member does not restrict the result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this source.
    pub source: Option<Source>,
    /// The minimum severity.
    pub severity: Option<Severity>,
    /// Only `open` or `closed`.
    pub status: Option<&'static str>,
    /// Only this account.
    pub account: String,
    /// Only this region.
    pub region: String,
    /// A part of the title, entity or id.
    pub q: String,
    /// The start of the period as it was given.
    pub since: String,
    /// The end of the period as it was given.
    pub until: String,
}

impl Filter {
    /// Parses decoded parameters at `now`. Only those in `known` are allowed.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        known: &[&str],
        now: Timestamp,
    ) -> Result<(Self, Span), Vec<Fault>> {
        let mut filter = Self::default();
        let mut faults = Vec::new();
        let mut given = BTreeSet::new();
        for (field, value) in pairs {
            let is_first = given.insert(field.to_owned());
            let set = filter.set(field, value.trim(), known);
            let set = set.and_then(|()| if is_first { Ok(()) } else { Err("is given twice".to_owned()) });
            if let Err(rule) = set {
                let mut value = value.to_owned();
                value.truncate(value.floor_char_boundary(LONGEST));
                faults.push(Fault { field: field.to_owned(), value, rule });
            }
        }
        let given = |text: &str| when(text).ok();
        // Invalid values are reported as faults.
        let since = given(if filter.since.is_empty() { DEFAULT_SINCE } else { &filter.since });
        let since = since.map_or(now, |since| since.start(now));
        let until = given(&filter.until).map_or(now, |until| until.end(now)).min(now);
        let span = Span { since, until };
        let rule = if span.since >= span.until {
            Some("must be before until, and before now".to_owned())
        } else if span.millis() > LONGEST_SPAN * 1_000 {
            Some(format!("must be at most {} days before until", LONGEST_SPAN / 86_400))
        } else {
            None
        };
        if let Some(rule) = rule.filter(|_| faults.is_empty()) {
            faults.push(Fault { field: "since".to_owned(), value: filter.since.clone(), rule });
        }
        if faults.is_empty() { Ok((filter, span)) } else { Err(faults) }
    }

    fn set(&mut self, field: &str, value: &str, known: &[&str]) -> Result<(), String> {
        let unknown = || match known {
            [] => "is unknown: there are no parameters".to_owned(),
            known => format!("is unknown: known are {}", known.join(", ")),
        };
        if !known.contains(&field) {
            return Err(unknown());
        }
        if value.len() > LONGEST {
            return Err(format!("must be at most {LONGEST} bytes"));
        }
        if value.is_empty() {
            return Ok(());
        }
        match field {
            "source" => {
                let known = || format!("must be {}", insights_sources::source_ids());
                self.source = Some(insights_sources::source(value).ok_or_else(known)?);
            }
            "severity" => {
                let known = || "must be info, low, medium, high or critical".to_owned();
                self.severity = Some(Severity::parse(value).ok_or_else(known)?);
            }
            "status" => {
                let known = ["open", "closed"].into_iter().find(|known| *known == value);
                self.status = Some(known.ok_or_else(|| "must be open or closed".to_owned())?);
            }
            "account" => self.account = account(value)?,
            "region" => self.region = region(value)?,
            "q" => value.clone_into(&mut self.q),
            "since" | "until" => {
                when(value)?;
                value.clone_into(if field == "since" { &mut self.since } else { &mut self.until });
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }

    /// Whether `insight` passes the filter, apart from its time.
    pub fn holds(&self, insight: &Stored) -> bool {
        let is = |name: &str, wanted: &str| wanted.is_empty() || insight.text(name) == Some(wanted);
        let wanted = self.q.to_lowercase();
        let contains =
            |name: &str| insight.text(name).is_some_and(|text| text.to_lowercase().contains(&wanted));
        is("source", self.source.map_or("", Source::as_str))
            && is("status", self.status.unwrap_or_default())
            && is("account_id", &self.account)
            && is("region", &self.region)
            && self
                .severity
                .is_none_or(|least| insight.text("severity").and_then(Severity::parse) >= Some(least))
            && (wanted.is_empty() || ["title", "entity", "id", "pk"].into_iter().any(contains))
    }

    /// Whether `place` passes the filter's account and region.
    pub fn selects(&self, place: &Place) -> bool {
        let is = |wanted: &str, is: &str| wanted.is_empty() || wanted == is;
        is(&self.account, &place.account_id) && is(&self.region, &place.region)
    }

    /// Only its account and region.
    #[must_use]
    pub fn places(&self) -> Self {
        Self { account: self.account.clone(), region: self.region.clone(), ..Self::default() }
    }

    /// What it selects in the period `span`, in words: `CloudTrail, high or worse, last 7 days`.
    pub fn in_words(&self, span: Span, now: Timestamp, zone: &TimeZone) -> String {
        let given = |text: &str| Some(plain(text)).filter(|text| !text.is_empty());
        let status = match self.status {
            Some("closed") => Some("ended".to_owned()),
            other => other.map(str::to_owned),
        };
        let parts = [
            Some(self.source.map_or("All sources", |source| source.0.label).to_owned()),
            given(&self.account).map(|account| format!("account {account}")),
            given(&self.region),
            self.severity.map(|severity| match severity {
                Severity::Critical => "critical".to_owned(),
                severity => format!("{} or worse", severity.as_str()),
            }),
            status,
            given(&self.q).map(|text| format!("“{text}”")),
            Some(period(span, now, zone)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Whether it restricts anything but the time.
    pub fn narrows(&self) -> bool {
        let time_alone = Self { since: self.since.clone(), until: self.until.clone(), ..Self::default() };
        *self != time_alone
    }
}

/// A period in words: `last 7 days`, `since 2026-03-01 12:00`, `2026-03-01 12:00 to 2026-03-01 13:00`.
fn period(span: Span, now: Timestamp, zone: &TimeZone) -> String {
    let minutes = span.millis() / 60_000;
    let is_round = span.millis() % 60_000 == 0;
    let last = |number: i64, one: &str, many: &str| match number {
        1 => format!("last {one}"),
        number => format!("last {number} {many}"),
    };
    match minutes {
        _ if span.until < now => format!("{} to {}", instant(span.since, zone), instant(span.until, zone)),
        minutes if is_round && minutes >= 2_880 && minutes % 1_440 == 0 => {
            last(minutes / 1_440, "day", "days")
        }
        minutes if is_round && minutes % 60 == 0 => last(minutes / 60, "hour", "hours"),
        minutes if is_round && minutes < 120 => last(minutes, "minute", "minutes"),
        _ => format!("since {}", instant(span.since, zone)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::Value;

    fn now() -> Timestamp {
        "2026-03-08T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn an_address_without_parameters_selects_the_last_seven_days() {
        let (filter, span) = Filter::parse([], &OF_INSIGHTS, now()).unwrap();
        assert_eq!((filter.narrows(), span.since.day(), span.until), (false, "2026-03-01".to_owned(), now()));
        let (filter, span) =
            Filter::parse([("since", "24h"), ("q", ""), ("source", " ")], &OF_INSIGHTS, now()).unwrap();
        assert!(!filter.narrows());
        assert_eq!((span.since.day(), filter.since), ("2026-03-07".to_owned(), "24h".to_owned()));
        let (_, span) =
            Filter::parse([("since", "2026-03-05"), ("until", "2026-03-06")], &OF_INSIGHTS, now()).unwrap();
        let ends = (span.since.to_string(), span.until.to_string());
        assert_eq!(ends, ("2026-03-05T00:00:00.000Z".to_owned(), "2026-03-06T23:59:59.999Z".to_owned()));
        // The period cannot end in the future.
        let (_, span) =
            Filter::parse([("since", "2026-03-05"), ("until", "2026-03-08")], &OF_INSIGHTS, now()).unwrap();
        assert_eq!(span.until, now());
    }

    #[test]
    fn every_fault_is_reported_with_value_and_rule() {
        for (field, value, rule) in [
            ("source", "lambda", "must be xray, cloudtrail, auditmanager, eks or securityhub"),
            ("severity", "bad", "must be info, low, medium, high or critical"),
            ("status", "done", "must be open or closed"),
            ("account", "12", "must be the 12 digits of an account"),
            ("region", "eu-west1", "must be a region such as eu-west-1"),
            ("since", "yesterday", "must be a length of time that ends now"),
            ("since", "2027-01-01T00:00:00Z", "must be before until, and before now"),
            ("since", "9000d", "must be at most 400 days before until"),
            ("until", "9999d", "must be before until, and before now"),
            ("sources", "xray", "is unknown: known are source, severity"),
            ("sources", "", "is unknown: known are source, severity"),
        ] {
            let faults = Filter::parse([(field, value)], &OF_INSIGHTS, now()).unwrap_err();
            assert_eq!(faults.len(), 1, "{field}={value}: {faults:?}");
            assert!(faults[0].rule.contains(rule), "{field}={value}: {faults:?}");
            assert!(faults[0].field == field || field == "until", "{faults:?}");
        }
        let long = "x".repeat(201);
        let faults = Filter::parse([("q", long.as_str()), ("status", "x")], &OF_INSIGHTS, now()).unwrap_err();
        assert_eq!(faults.len(), 2, "all faults at once");
    }

    #[test]
    fn an_insight_is_selected_by_its_attributes_and_its_text() {
        let json = r#"{"source":"xray","severity":"high","status":"open","account_id":"123456789012","region":"eu-west-1",
            "title":"Faults in Checkout","entity":"checkout","id":"7c4e","pk":"xray#123456789012#eu-west-1#7c4e"}"#;
        let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object") };
        let insight = Stored(map);
        for (field, value, held) in [
            ("source", "xray", true),
            ("source", "cloudtrail", false),
            ("severity", "medium", true),
            ("severity", "high", true),
            ("severity", "critical", false),
            ("status", "closed", false),
            ("account", "111122223333", false),
            ("region", "eu-west-1", true),
            ("q", "in check", true),
            ("q", "7c4e", true),
            ("q", "payments", false),
        ] {
            let (filter, _) = Filter::parse([(field, value)], &OF_INSIGHTS, now()).unwrap();
            assert_eq!(filter.holds(&insight), held, "{field}={value}");
            assert!(filter.narrows());
        }
    }

    #[test]
    fn a_selection_is_described_in_words() {
        for (pairs, expected) in [
            (&[][..], "All sources, last 7 days"),
            (&[("source", "cloudtrail"), ("severity", "high")], "CloudTrail, high or worse, last 7 days"),
            (
                &[("severity", "critical"), ("status", "closed"), ("since", "24h")],
                "All sources, critical, ended, last 24 hours",
            ),
            (
                &[("account", "111122223333"), ("region", "eu-west-1"), ("since", "1h")],
                "All sources, account 111122223333, eu-west-1, last hour",
            ),
            (&[("q", "pay\u{202e}"), ("since", "90m")], "All sources, “pay\\u{202e}”, last 90 minutes"),
            (
                &[("since", "2026-03-05"), ("until", "2026-03-05T12:00:00Z")],
                "All sources, 2026-03-05 00:00 to 2026-03-05 12:00",
            ),
            (&[("since", "2026-03-05T11:59:30Z")], "All sources, since 2026-03-05 11:59"),
        ] {
            let (filter, span) = Filter::parse(pairs.iter().copied(), &OF_INSIGHTS, now()).unwrap();
            assert_eq!(filter.in_words(span, now(), &TimeZone::UTC), expected);
        }
    }
}
