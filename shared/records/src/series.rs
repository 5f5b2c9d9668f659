//! The key of a CloudTrail metric series: its parts, where they come from (a `catalog` row or an insight event), and how they
//! are encoded. Collectors and readers share it, so that both use the same keys.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListInsightsMetricData.html>

use crate::fault::Faults;
use crate::key;
use crate::record::{Source, Stored, partition};
use crate::value::{Map, MapBuilder, Value};

/// The insight type whose series count errors, one series per error code.
pub const API_ERROR_RATE: &str = "ApiErrorRateInsight";
/// The insight type whose series count calls.
pub const API_CALL_RATE: &str = "ApiCallRateInsight";

/// The member of an event's record that contains the other members of the answer of `LookupEvents` or `ListInsightsData`.
pub const LOOKUP: &str = "lookup";
/// The member of a look-up that contains the requested trail, if the event does not name one.
pub const REQUESTED_TRAIL: &str = "insight_source";

/// The prefix of the sort keys of series rows.
pub const SERIES_ROWS: &str = "series#";

/// The maximum length of a part of a key, in bytes. CloudTrail accepts at most 256.
const LONGEST_PART: usize = 1_024;

/// A part as it is stored. A part that the API rejects because of its length must not make the `catalog` row too large.
fn bounded(text: &str) -> String {
    if text.len() <= LONGEST_PART {
        return text.to_owned();
    }
    let hash = key::sha256_hex(text.as_bytes());
    let begin: String = text.chars().take(LONGEST_PART / 8).collect();
    format!("{begin}… sha256:{hash}")
}

/// The parts that identify a metric series within an account and a region.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesKey {
    /// The service that was called, such as `ec2.amazonaws.com`.
    pub event_source: String,
    /// The operation that was called.
    pub event_name: String,
    /// [`API_CALL_RATE`] or [`API_ERROR_RATE`].
    pub insight_type: String,
    /// The error code, for series of errors.
    pub error_code: Option<String>,
    /// The ARN of the trail, for data events.
    pub trail: Option<String>,
}

impl SeriesKey {
    /// The key that an insight event names. If the event names no trail, the requested trail is used. The names in `event`
    /// are in snake_case, as in `detail.start` and `detail.end` of an insight.
    ///
    /// Missing required parts are empty. Empty optional parts count as absent, because both result in the same key.
    pub fn of_event(event: &Map) -> Self {
        let key = Self::of_event_alone(event);
        let trail = requested_trail(event).map(str::to_owned).or(key.trail);
        Self { trail, ..key }
    }

    /// The key that an insight event names, without the requested trail.
    ///
    /// Only data events belong to the series of a trail. Management events name the trail too, but belong to series of the
    /// account.
    pub fn of_event_alone(event: &Map) -> Self {
        let member =
            |name: &str| event.get("insight_details").and_then(|details| details.at(&[name])?.as_str());
        let required = |name: &str| bounded(member(name).unwrap_or_default());
        let optional = |name: &str| member(name).filter(|text| !text.is_empty()).map(bounded);
        let insight_type = required("insight_type");
        let is_error_rate = insight_type == API_ERROR_RATE;
        let is_data = member("source_event_category") == Some("Data");
        Self {
            event_source: required("event_source"),
            event_name: required("event_name"),
            error_code: optional("error_code").filter(|_| is_error_rate),
            trail: optional("insight_source").filter(|_| is_data),
            insight_type,
        }
    }

    /// The key that a stored insight names: in its End, otherwise in its Start.
    pub fn of_insight(insight: &Stored) -> Option<Self> {
        let detail = insight.0.get("detail")?;
        let event = |half: &str| detail.at(&[half])?.as_map();
        ["end", "start"].into_iter().find_map(event).map(Self::of_event)
    }

    /// The key of a `catalog` row.
    pub fn from_row(row: &Stored) -> Option<Self> {
        let detail = row.0.get("detail")?;
        let text = |name: &str| detail.at(&[name]).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            event_source: text("event_source")?,
            event_name: text("event_name")?,
            insight_type: text("insight_type")?,
            error_code: text("error_code"),
            trail: text("trail_arn"),
        })
    }

    /// The title of the series, for example `RunInstances calls` or `GetObject AccessDenied errors`.
    pub fn title(&self) -> String {
        let name = if self.event_name.is_empty() { "unnamed" } else { &self.event_name };
        match &self.error_code {
            Some(code) => format!("{name} {code} errors"),
            None => format!("{name} calls"),
        }
    }

    fn parts(&self) -> [&str; 5] {
        [
            &self.event_source,
            &self.event_name,
            &self.insight_type,
            self.error_code.as_deref().unwrap_or_default(),
            self.trail.as_deref().unwrap_or_default(),
        ]
    }

    /// The partition key of its chunks: `<source>#<account>#<region>#…`.
    pub fn partition(&self, source: Source, account_id: &str, region: &str) -> String {
        partition(source, account_id, region, self.parts())
    }

    /// The sort key of its `catalog` row.
    pub fn catalog_sort_key(&self) -> String {
        format!("{SERIES_ROWS}{}", key::join(self.parts()))
    }

    /// Its parts by name, as in chunks and `catalog` rows.
    pub fn detail(&self) -> Map {
        MapBuilder::new()
            .with("error_code", self.error_code.as_deref())
            .with("event_name", Some(self.event_name.as_str()))
            .with("event_source", Some(self.event_source.as_str()))
            .with("insight_type", Some(self.insight_type.as_str()))
            .with("trail_arn", self.trail.as_deref())
            .build()
    }

    /// Adds a fault for each part that the API's patterns do not allow. `path` precedes the names of the parts.
    pub fn check(&self, path: &str, faults: &mut Faults) {
        let field = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let prefix = self.event_source.strip_suffix(".amazonaws.com").unwrap_or_default();
        let source_byte =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        if prefix.is_empty() || self.event_source.len() > 256 || !prefix.bytes().all(source_byte) {
            let rule = "must be at most 256 of a-z, 0-9, _ and - before .amazonaws.com";
            faults.add(field("event_source"), &self.event_source, rule);
        }
        let name_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !(1..=128).contains(&self.event_name.len()) || !self.event_name.bytes().all(name_byte) {
            faults.add(field("event_name"), &self.event_name, "must be 1 to 128 letters, digits or _");
        }
        if ![API_CALL_RATE, API_ERROR_RATE].contains(&self.insight_type.as_str()) {
            let rule = format!("must be {API_CALL_RATE} or {API_ERROR_RATE}");
            faults.add(field("insight_type"), &self.insight_type, rule);
        }
        let code_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"_.,-:[] \t\n\r".contains(&byte);
        match &self.error_code {
            None if self.insight_type == API_ERROR_RATE => {
                faults.add(field("error_code"), "", format!("is required for {API_ERROR_RATE}"));
            }
            Some(code) if self.insight_type != API_ERROR_RATE => {
                faults.add(
                    field("error_code"),
                    code,
                    format!("must be omitted, except for {API_ERROR_RATE}"),
                );
            }
            Some(code) if !(1..=128).contains(&code.len()) || !code.bytes().all(code_byte) => {
                faults.add(
                    field("error_code"),
                    code,
                    "must be 1 to 128 letters, digits, spaces or any of _.,-:[]",
                );
            }
            _ => {}
        }
        if let Some(trail) = self.trail.as_ref().filter(|trail| !(3..=256).contains(&trail.len())) {
            faults.add(field("trail"), trail, "must be 3 to 256 characters long: a trail's ARN");
        }
    }
}

/// The trail that was requested for an insight event, if the event does not name one.
pub fn requested_trail(event: &Map) -> Option<&str> {
    event.get(LOOKUP)?.at(&[REQUESTED_TRAIL])?.as_str()
}

impl std::fmt::Display for SeriesKey {
    /// The parts, encoded as in a key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&key::join(self.parts()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(source: &str, name: &str, kind: &str, code: Option<&str>) -> SeriesKey {
        SeriesKey {
            event_source: source.into(),
            event_name: name.into(),
            insight_type: kind.into(),
            error_code: code.map(Into::into),
            trail: None,
        }
    }

    #[test]
    fn parts_that_the_api_rejects_are_reported_before_a_request() {
        let long = "x".repeat(129);
        for (series, field) in [
            (series("ec2.amazonaws.com", "RunInstances", API_CALL_RATE, None), ""),
            (series("ec2.amazonaws.com", "RunInstances", API_ERROR_RATE, Some("Client.Denied [x]")), ""),
            (series("ec2.amazonaws.com.cn", "RunInstances", API_CALL_RATE, None), "event_source"),
            (series("a.b.amazonaws.com", "RunInstances", API_CALL_RATE, None), "event_source"),
            (series(".amazonaws.com", "RunInstances", API_CALL_RATE, None), "event_source"),
            (series("ec2.amazonaws.com", "Run.Instances", API_CALL_RATE, None), "event_name"),
            (series("ec2.amazonaws.com", "", API_CALL_RATE, None), "event_name"),
            (series("ec2.amazonaws.com", &long, API_CALL_RATE, None), "event_name"),
            (series("ec2.amazonaws.com", "RunInstances", "New", None), "insight_type"),
            (series("ec2.amazonaws.com", "RunInstances", API_ERROR_RATE, None), "error_code"),
            (series("ec2.amazonaws.com", "RunInstances", API_ERROR_RATE, Some("a/b")), "error_code"),
            (series("ec2.amazonaws.com", "RunInstances", API_CALL_RATE, Some("x")), "error_code"),
        ] {
            let mut faults = Faults::default();
            series.check("", &mut faults);
            let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
            let expected: Vec<&str> = Some(field).filter(|field| !field.is_empty()).into_iter().collect();
            assert_eq!(fields, expected, "{series}");
        }
    }

    #[test]
    fn keys_are_those_of_the_worked_example() {
        let series = series("ec2.amazonaws.com", "RunInstances", API_CALL_RATE, None);
        let expected =
            "cloudtrail#123456789012#eu-west-1#ec2.amazonaws.com#RunInstances#ApiCallRateInsight#-#-";
        assert_eq!(series.partition(crate::test_kinds::METRIC.source, "123456789012", "eu-west-1"), expected);
        assert_eq!(series.catalog_sort_key(), "series#ec2.amazonaws.com#RunInstances#ApiCallRateInsight#-#-");
    }

    #[test]
    fn an_insight_names_the_series_under_which_its_metrics_are_stored() {
        let event = |details: &str, lookup: &str| {
            let names = r#""event_source":"s3.amazonaws.com","event_name":"GetObject""#;
            let text = format!(r#"{{"insight_details":{{{names},{details}}},"lookup":{{{lookup}}}}}"#);
            Value::from_json(&text).unwrap()
        };
        let trail = r#""insight_source":"arn:aws:cloudtrail:eu-west-1:123456789012:trail/data""#;
        let (calls, errors) =
            (r#""insight_type":"ApiCallRateInsight""#, r#""insight_type":"ApiErrorRateInsight""#);
        for (details, lookup, expected) in [
            (format!("{calls},{trail},\"source_event_category\":\"Data\""), "", (None, true)),
            // A management event names its trail too, but its metrics are the account's.
            (format!("{calls},{trail},\"source_event_category\":\"Management\""), "", (None, false)),
            (format!("{calls},{trail}"), "", (None, false)),
            (calls.to_owned(), trail, (None, true)),
            (format!("{calls},\"error_code\":\"AccessDenied\""), "", (None, false)),
            (format!("{errors},\"error_code\":\"AccessDenied\""), "", (Some("AccessDenied"), false)),
            (format!("{errors},\"error_code\":\"\""), "", (None, false)),
        ] {
            let event = event(&details, lookup);
            let insight = Stored(Map::from([(
                "detail".into(),
                Value::Map(Map::from([("start".into(), event.clone()), ("title".into(), "x".into())])),
            )]));
            let key = SeriesKey::of_insight(&insight).unwrap();
            assert_eq!((key.error_code.as_deref(), key.trail.is_some()), expected, "{details} {lookup}");
            assert_eq!(Some(&key), event.as_map().map(SeriesKey::of_event).as_ref());
            let row = Stored(Map::from([("detail".into(), Value::Map(key.detail()))]));
            assert_eq!(SeriesKey::from_row(&row), Some(key), "{details}");
        }
        assert_eq!(SeriesKey::of_insight(&Stored(Map::new())), None);
    }
}
