//! AWS CloudTrail: trails with their insight selectors, Insights events for management and for data events, and their metric
//! data. There are no management events and no event data stores, and all operations only read.

use crate::call::{Answer, Call, ServiceError};
use crate::page::BadToken;
use events::Insight;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use serde_json::Value;
use series::Rates;
use trails::Trail;

mod events;
mod insights_data;
mod lookup;
mod metric;
mod scenario;
mod series;
mod service;
#[cfg(test)]
mod tests;
mod trails;

pub use events::{Event, Phases, Subject};
pub use service::SERVICE;

/// What exists in one account and region. By default there is no trail and no insight, and every series is zero.
#[derive(Clone, Debug, Default)]
pub struct Data {
    seed: u64,
    lag_millis: i64,
    trails: Vec<Trail>,
    insights: Vec<Insight>,
    series: Vec<(Subject, Rates)>,
}

/// How long events are kept, in seconds.
const EVENT_RETENTION: i64 = 90 * DAY_SECONDS;

/// Answers a call.
pub fn answer(data: &Data, call: &Call) -> Answer {
    match call.operation {
        "DescribeTrails" => trails::describe(data, call),
        "ListTrails" => trails::list(data, call),
        "GetTrail" => trails::get(data, call),
        "GetInsightSelectors" => trails::selectors(data, call),
        "LookupEvents" => lookup::answer(data, call),
        "ListInsightsData" => insights_data::answer(data, call),
        "ListInsightsMetricData" => metric::answer(data, call),
        other => {
            let message = format!("{other} is not part of this simulation");
            Err(failure("UnsupportedOperationException", message))
        }
    }
}

impl Data {
    /// The Insights events at the time of `call`, newest first: for management events, or for data events of `trail`.
    fn events<'a>(&'a self, trail: Option<&'a Trail>, call: &'a Call) -> Vec<Event<'a>> {
        let wanted = trail.map(|trail| trail.name.as_str());
        let oldest = call.now.plus_seconds(-EVENT_RETENTION);
        let insights = self.insights.iter().filter(|insight| insight.subject.trail.as_deref() == wanted);
        let mut events: Vec<Event<'a>> = insights
            .flat_map(|insight| insight.events(self.seed, trail, call))
            .filter(|event| event.time >= oldest && call.now.millis_since(event.time) >= self.lag_millis)
            .collect();
        events.sort_by(|one, other| other.time.cmp(&one.time).then_with(|| other.id().cmp(&one.id())));
        events
    }

    /// The insights in the order of the file: the series, the first minute and the end.
    pub fn insights(&self) -> impl Iterator<Item = (&Subject, Timestamp, Option<Timestamp>)> {
        self.insights.iter().map(|insight| (&insight.subject, insight.start, insight.end))
    }
}

/// `answer` with the member `name`, if there is a value.
fn with(mut answer: Value, name: &str, value: Option<impl Into<Value>>) -> Value {
    if let (Some(members), Some(value)) = (answer.as_object_mut(), value) {
        members.insert(name.to_owned(), value.into());
    }
    answer
}

/// An error of this service. The status of all of them is 400.
fn failure(code: &'static str, message: impl Into<String>) -> ServiceError {
    ServiceError::new(code, 400, message)
}

fn bad_token(_: BadToken) -> ServiceError {
    failure("InvalidNextTokenException", "The token is not valid, or was given out for other parameters.")
}

/// The same for operations whose only error about parameters is `InvalidParameterException`.
fn bad_token_parameter(_: BadToken) -> ServiceError {
    failure("InvalidParameterException", "NextToken is not valid, or was given out for other parameters.")
}

/// The string at `member`, if there is one.
fn text<'a>(call: &'a Call, member: &str) -> Option<&'a str> {
    call.input.get(member)?.as_str()
}
