//! Links into the AWS console. Pure: nobody is asked whether a page is there.
//!
//! X-Ray documents its links (`service-map?timeRange=start~end` in UTC, at most six hours); for an insight's own page it
//! documents none. CloudTrail documents none: `events?EventName=…&StartTime=…&EndTime=…` is the form that the console's
//! own event history shows in the address bar. Audit Manager's documentation links to its start page alone.
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-console.html#xray-console-deeplinks>

use crate::address::encoded;
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_shared::value::Value;
use insights_sources::source_of;

/// The longest time of X-Ray's service map.
const LONGEST_MAP: i64 = 6 * 3_600;
/// How far around an insight CloudTrail's events are shown, in seconds.
const AROUND: i64 = 900;

/// A page of the AWS console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it shows.
    pub shows: &'static str,
    /// Its address.
    pub url: String,
}

/// Where the AWS console shows what `record`, whole, is about.
pub fn link(record: &Stored) -> Option<Link> {
    let source = source_of(record)?;
    let region = record.text("region").filter(|region| is_region(region))?;
    let home = |service: &str| format!("{}/{service}/home?region={region}", host(region));
    Some(match source.id {
        "xray" => {
            let from = record.timestamp("started_at")?;
            let ended_at = record.timestamp("ended_at").or_else(|| record.timestamp("updated_at"));
            let until = ended_at.unwrap_or(from).clamp(from.plus_seconds(60), from.plus_seconds(LONGEST_MAP));
            let url = format!(
                "{}#/service-map?timeRange={}~{}",
                home("xray"),
                without_zone(from),
                without_zone(until)
            );
            Link { shows: "the service map of that time", url }
        }
        "cloudtrail" => {
            let from = record.timestamp("started_at")?.plus_seconds(-AROUND);
            let until = record.timestamp("ended_at").map(|ended_at| ended_at.plus_seconds(AROUND));
            let mut query = vec![("StartTime", from.to_string())];
            query.extend(until.map(|until| ("EndTime", until.to_string())));
            query.extend(event_name(record).map(|name| ("EventName", name.to_owned())));
            let query: Vec<String> =
                query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
            let url = format!("{}#/events?{}", home("cloudtrailv2"), query.join("&"));
            Link { shows: "the event history of that time", url }
        }
        _ => Link { shows: "Audit Manager", url: home("auditmanager") },
    })
}

fn event_name(record: &Stored) -> Option<&str> {
    let detail = record.0.get("detail")?;
    let name = |half: &str| detail.at(&[half, "insight_details", "event_name"]).and_then(Value::as_str);
    name("end").or_else(|| name("start"))
}

/// A region becomes part of a host's name, so it must not be able to change it.
fn is_region(region: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !region.is_empty() && region.bytes().all(allowed)
}

/// The console of the region's partition.
fn host(region: &str) -> String {
    let domain = if region.starts_with("cn-") {
        "console.amazonaws.cn"
    } else if region.starts_with("us-gov-") {
        "console.amazonaws-us-gov.com"
    } else {
        "console.aws.amazon.com"
    };
    format!("https://{region}.{domain}")
}

/// X-Ray's times are in UTC and do not say so.
fn without_zone(timestamp: Timestamp) -> String {
    let mut text = timestamp.to_string();
    text.truncate("2026-03-01T12:00:00".len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_region_and_the_time() {
        let check = |json: &str, expected: Option<&str>| {
            let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object: {json}") };
            assert_eq!(link(&Stored(map)).map(|link| link.url).as_deref(), expected, "{json}");
        };
        check(
            r#"{"source":"xray","region":"eu-west-1","started_at":"2026-03-01T10:00:00.250Z","ended_at":"2026-03-01T12:00:00Z"}"#,
            Some(
                "https://eu-west-1.console.aws.amazon.com/xray/home?region=eu-west-1#/service-map?timeRange=2026-03-01T10:00:00~2026-03-01T12:00:00",
            ),
        );
        check(
            r#"{"source":"xray","region":"us-gov-west-1","started_at":"2026-03-01T10:00:00Z","updated_at":"2026-03-02T12:00:00Z"}"#,
            Some(
                "https://us-gov-west-1.console.amazonaws-us-gov.com/xray/home?region=us-gov-west-1#/service-map?timeRange=2026-03-01T10:00:00~2026-03-01T16:00:00",
            ),
        );
        check(
            r#"{"source":"cloudtrail","region":"cn-north-1","started_at":"2026-03-01T10:15:00Z","ended_at":"2026-03-01T10:45:00Z",
                "detail":{"start":{"insight_details":{"event_name":"Get&Secret"}}}}"#,
            Some(
                "https://cn-north-1.console.amazonaws.cn/cloudtrailv2/home?region=cn-north-1#/events?StartTime=2026-03-01T10%3A00%3A00.000Z&EndTime=2026-03-01T11%3A00%3A00.000Z&EventName=Get%26Secret",
            ),
        );
        check(
            r#"{"source":"auditmanager","region":"eu-west-1"}"#,
            Some("https://eu-west-1.console.aws.amazon.com/auditmanager/home?region=eu-west-1"),
        );
        check(r#"{"source":"auditmanager","region":"evil.example/"}"#, None);
        check(r#"{"source":"lambda","region":"eu-west-1"}"#, None);
    }
}
