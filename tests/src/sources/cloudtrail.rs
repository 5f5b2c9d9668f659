//! Test data of AWS CloudTrail.

use super::TestSource;
use crate::lab::{ACCOUNT, REGION};
use crate::schedule::backend::Backend;
use crate::schedule::data::{ONLY_DISTURBED, RandomData, Settings};
use crate::schedule::dice::Dice;
use insights_shared::key::Key;
use insights_shared::time::Timestamp;
use insights_shared::value::Map;
use insights_sources::cloudtrail;
use serde_json::{Value, json};
use std::fmt::Write;

/// The registration.
pub const TEST_SOURCE: TestSource = TestSource {
    source: cloudtrail::SOURCE,
    // The scenario has every kind of record within two days. 90 days would take a minute.
    short_run: &[("LOOKBACK_DAYS", "2")],
    many_insights,
    few_points: &[("CLOUDTRAIL_PERIOD", "3600")],
    many_requests,
    frequent_operations: &["LookupEvents", "ListInsightsData"],
    schedule_variables: &[("CLOUDTRAIL_PERIOD", "60")],
    random_data: |settings| {
        Box::new(CloudTrailData {
            settings: *settings,
            insights: Vec::new(),
            has_data_events: settings.has_optional_data,
            is_trail_deleted: false,
            was_trail_deleted: false,
        })
    },
};

/// Open insights, each of its own series.
fn many_insights() -> String {
    let insight = |number: usize| {
        let series = format!(
            "event_source = \"s{number}.amazonaws.com\"\nevent_name = \"Get\"\ninsight_type = \"ApiCallRateInsight\""
        );
        format!(
            "[[cloudtrail.insights]]\nkey = \"{number}\"\n{series}\naverage = 44\nbaseline = 0.5\n\
             start = \"-{}m\"\n[[cloudtrail.series]]\n{series}\nbaseline = 5\nnoise = 0\n",
            20 * number + 40
        )
    };
    (0..96).map(insight).collect()
}

/// Closed insights, half of them for data events, so that both listings have several pages.
fn many_requests() -> String {
    let insight = |number: usize| {
        let end = 2 * number + 30;
        let (series, trail) = if number.is_multiple_of(2) {
            ("s3.amazonaws.com\"\nevent_name = \"GetObject", "trail = \"objects\"")
        } else {
            ("ec2.amazonaws.com\"\nevent_name = \"RunInstances", "")
        };
        format!(
            "[[cloudtrail.insights]]\nkey = \"{number}\"\nevent_source = \"{series}\"\n{trail}\n\
             insight_type = \"ApiCallRateInsight\"\naverage = 9\nstart = \"-{}m\"\nend = \"-{end}m\"\n",
            end + 1
        )
    };
    let insights: String = (0..160).map(insight).collect();
    format!(
        "[[cloudtrail.trails]]\nname = \"objects\"\n\
         insight_selectors = [{{ type = \"ApiCallRateInsight\", categories = [\"Management\", \"Data\"] }}]\n{insights}"
    )
}

/// Insights of a few series whose events are delivered late, and a trail that may be deleted.
#[derive(Debug)]
struct CloudTrailData {
    settings: Settings,
    insights: Vec<Insight>,
    /// Whether the trail has insights on data events.
    has_data_events: bool,
    is_trail_deleted: bool,
    /// Whether the trail was ever deleted. If so, a run may skip its series for a day.
    was_trail_deleted: bool,
}

#[derive(Debug)]
struct Insight {
    /// Its `sharedEventID`.
    id: String,
    /// The index of its series.
    series: usize,
    start: Timestamp,
    end: Option<Timestamp>,
    /// When the service first returns its start.
    start_known: Timestamp,
    /// When the service first returns its end.
    end_known: Option<Timestamp>,
}

/// Event source, event name, error code, and whether the series belongs to data events.
const SERIES: [(&str, &str, Option<&str>, bool); 4] = [
    ("ec2.amazonaws.com", "RunInstances", None, false),
    ("secretsmanager.amazonaws.com", "GetSecretValue", Some("AccessDenied"), false),
    ("iam.amazonaws.com", "CreateRole", None, false),
    ("s3.amazonaws.com", "GetObject", None, true),
];

impl Insight {
    fn is_of_data_events(&self) -> bool {
        SERIES.get(self.series).is_some_and(|(.., is_data)| *is_data)
    }
}

impl CloudTrailData {
    /// How long `LookupEvents` does not return a new event.
    fn delay_seconds(&self) -> i64 {
        if self.settings.is_delayed { 120 } else { 0 }
    }

    /// Whether an item belongs to data events, including the row of the trail.
    fn is_of_data_events(&self, key: &Key) -> bool {
        let id = key.pk.rsplit('#').next().unwrap_or_default();
        let is_insight = self.insights.iter().any(|insight| insight.id == id && insight.is_of_data_events());
        let names_trail = |text: &str| text.contains(":trail/objects");
        is_insight || names_trail(&key.pk) || names_trail(&key.sk)
    }
}

impl RandomData for CloudTrailData {
    fn add(&mut self, age_seconds: i64, dice: &mut Dice, now: Timestamp) {
        self.insights.push(Insight {
            id: self.settings.id(self.insights.len()),
            series: dice.index(SERIES.len()),
            start: now.plus_seconds(-age_seconds).floor(60),
            end: None,
            start_known: now,
            end_known: None,
        });
    }

    fn count(&self) -> usize {
        self.insights.len()
    }

    fn change(&mut self, index: usize, way: u64, _: &mut Dice, now: Timestamp) -> bool {
        let minute = now.floor(60);
        match self.insights.get_mut(index).filter(|insight| insight.end.is_none()) {
            Some(insight) if insight.start < minute => {
                (insight.end, insight.end_known) = (Some(minute), Some(now));
            }
            // A trail that is created again has the same name, and therefore the same ARN.
            _ if way > 6 && self.has_data_events => {
                self.is_trail_deleted = !self.is_trail_deleted;
                self.was_trail_deleted = true;
            }
            _ => self.has_data_events |= way < 2,
        }
        true
    }

    fn write_scenario(&self, scenario: &mut String) -> std::fmt::Result {
        let categories = if self.has_data_events { "\"Management\", \"Data\"" } else { "\"Management\"" };
        writeln!(scenario, "seed = 7\n[cloudtrail]\nlag = \"{}s\"", self.delay_seconds())?;
        writeln!(scenario, "[[cloudtrail.trails]]\nname = \"objects\"")?;
        if self.is_trail_deleted {
            writeln!(scenario, "deleted = \"2026-01-01T00:00:00Z\"")?;
        }
        writeln!(
            scenario,
            "insight_selectors = [{{ type = \"ApiCallRateInsight\", categories = [{categories}] }}]"
        )?;
        for insight in &self.insights {
            let Some((source, name, code, is_data)) = SERIES.get(insight.series) else { continue };
            let insight_type = if code.is_some() { "ApiErrorRateInsight" } else { "ApiCallRateInsight" };
            writeln!(scenario, "[[cloudtrail.insights]]\nid = \"{}\"\nkey = \"{}\"", insight.id, insight.id)?;
            writeln!(scenario, "event_source = \"{source}\"\nevent_name = \"{name}\"")?;
            writeln!(scenario, "insight_type = \"{insight_type}\"\naverage = 40\nstart_average = 9")?;
            writeln!(scenario, "start = \"{}\"", insight.start)?;
            if let Some(end) = insight.end {
                writeln!(scenario, "end = \"{end}\"")?;
            }
            if let Some(code) = code {
                writeln!(scenario, "error_code = \"{code}\"")?;
            }
            if *is_data {
                writeln!(scenario, "trail = \"objects\"")?;
            }
        }
        Ok(())
    }

    /// An insight event of management calls, as `LookupEvents` returns it.
    fn push_detail(&self, dice: &mut Dice, backend: &Backend) -> Option<Value> {
        let parameters = json!({"EventCategory": "insight"});
        let answer = backend.call(insights_simulator::cloudtrail::SERVICE, "LookupEvents", &parameters);
        let events = answer["Events"].as_array().into_iter().flatten();
        let read = |event: &Value| serde_json::from_str(event["CloudTrailEvent"].as_str()?).ok();
        dice.pick(&events.filter_map(read).collect::<Vec<Value>>()).cloned()
    }

    /// The start and end events of management calls before the watermark that are not stored, although the service returned
    /// them.
    fn missing_before(&self, watermark: Timestamp, backend: &Backend) -> Vec<String> {
        let mut missing = Vec::new();
        for insight in self.insights.iter().filter(|insight| !insight.is_of_data_events()) {
            let pk = format!("cloudtrail#{ACCOUNT}#{REGION}#{}", insight.id);
            let stored = backend.item(&pk, "insight").unwrap_or_default();
            for (phase, time, known) in [
                ("start", Some(insight.start), Some(insight.start_known)),
                ("end", insight.end, insight.end_known),
            ] {
                let (Some(time), Some(known)) = (time, known) else { continue };
                // The watermark is the start of the run that set it.
                let was_returned = known < watermark && time.plus_seconds(self.delay_seconds()) < watermark;
                if was_returned && stored["detail"]["M"][phase].is_null() {
                    missing.push(format!(
                        "the watermark {watermark} passed the {phase} event of {pk} at {time}"
                    ));
                }
            }
        }
        missing
    }

    fn violation_of_extra(&self, key: &Key, _: &Map) -> Option<String> {
        // Data events that were returned before the trail was deleted stay stored, but cannot be requested again.
        let is_unavailable = self.is_trail_deleted && self.is_of_data_events(key);
        (!is_unavailable).then(|| ONLY_DISTURBED.to_owned())
    }

    fn retry_millis(&self) -> i64 {
        if self.was_trail_deleted { 86_400_000 } else { 0 }
    }
}
