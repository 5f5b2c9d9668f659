//! What names a metric series, and which names the API would refuse. Pure.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListInsightsMetricData.html>

use insights_shared::fields::Faults;
use insights_shared::key;
use insights_shared::record::{Source, Stored, partition};
use insights_shared::target::Target;
use insights_shared::value::{Map, MapBuilder, Value};

/// The insight type whose series count errors, each of one code.
pub const API_ERROR_RATE: &str = "ApiErrorRateInsight";
/// The insight type whose series count calls.
pub const API_CALL_RATE: &str = "ApiCallRateInsight";

/// The longest member of a series, in bytes. CloudTrail takes no more than 256.
const LONGEST_MEMBER: usize = 1_024;

/// A member of a series as it is kept: one that the API would refuse at any rate must not make the catalog's row too large.
pub fn bounded(text: &str) -> String {
    if text.len() <= LONGEST_MEMBER {
        return text.to_owned();
    }
    let hash = key::sha256_hex(text.as_bytes());
    let begin: String = text.chars().take(LONGEST_MEMBER / 8).collect();
    format!("{begin}… sha256:{hash}")
}

/// One metric series.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Series {
    /// The service that was called, such as `ec2.amazonaws.com`.
    pub event_source: String,
    /// The operation that was called.
    pub event_name: String,
    /// Calls or errors.
    pub insight_type: String,
    /// Which error, for errors.
    pub error_code: Option<String>,
    /// The ARN of the trail, for data events.
    pub trail: Option<String>,
}

impl Series {
    fn parts(&self) -> [&str; 5] {
        [
            &self.event_source,
            &self.event_name,
            &self.insight_type,
            self.error_code.as_deref().unwrap_or_default(),
            self.trail.as_deref().unwrap_or_default(),
        ]
    }

    /// The partition key of its chunks.
    pub fn partition(&self, target: &Target) -> String {
        partition(Source::Cloudtrail, &target.account_id, &target.region, self.parts())
    }

    /// The sort key of its catalog row.
    pub fn catalog_sort_key(&self) -> String {
        format!("series#{}", key::join(self.parts()))
    }

    /// Its members, as chunks and catalog rows have them.
    pub fn detail(&self) -> Map {
        MapBuilder::new()
            .with("error_code", self.error_code.as_deref())
            .with("event_name", Some(self.event_name.as_str()))
            .with("event_source", Some(self.event_source.as_str()))
            .with("insight_type", Some(self.insight_type.as_str()))
            .with("trail_arn", self.trail.as_deref())
            .build()
    }

    /// The series of a catalog row.
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

    /// Notes in `faults` every member that the API's own patterns would refuse. `path` comes before their names.
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
                faults.add(field("error_code"), code, format!("must be left out but for {API_ERROR_RATE}"));
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

/// The series as a person names it.
impl std::fmt::Display for Series {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&key::join(self.parts()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(source: &str, name: &str, kind: &str, code: Option<&str>) -> Series {
        Series {
            event_source: source.into(),
            event_name: name.into(),
            insight_type: kind.into(),
            error_code: code.map(Into::into),
            trail: None,
        }
    }

    #[test]
    fn what_the_api_would_refuse_is_named_before_it_is_sent() {
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
        let target = Target { account_id: "123456789012".into(), region: "eu-west-1".into(), role: None };
        let series = series("ec2.amazonaws.com", "RunInstances", API_CALL_RATE, None);
        let expected =
            "cloudtrail#123456789012#eu-west-1#ec2.amazonaws.com#RunInstances#ApiCallRateInsight#-#-";
        assert_eq!(series.partition(&target), expected);
        assert_eq!(series.catalog_sort_key(), "series#ec2.amazonaws.com#RunInstances#ApiCallRateInsight#-#-");
    }
}
