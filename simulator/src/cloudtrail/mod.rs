//! CloudTrail as far as its Insights go: the trails and their insight selectors, the insight events of management and of
//! data events, and the series of numbers behind them. It has no management events of its own, no event data stores, and
//! nothing can be changed through it.

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

pub use events::{Event, Halves, Subject};
pub use service::SERVICE;

/// What there is in one account and region. By default there is nothing: no trail, no insight, and every series is zero.
#[derive(Clone, Debug, Default)]
pub struct Data {
    seed: u64,
    lag_millis: i64,
    trails: Vec<Trail>,
    insights: Vec<Insight>,
    series: Vec<(Subject, Rates)>,
}

/// How long events can be looked up, in seconds.
const EVENT_RETENTION: i64 = 90 * DAY_SECONDS;

/// Answers one call.
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
    /// The halves that `call` can see, newest first: those of management events, or of the data events of `trail`.
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

    /// The insights of this part, in the order of the file, each with what it is about, its first minute and its end.
    pub fn insights(&self) -> impl Iterator<Item = (&Subject, Timestamp, Option<Timestamp>)> {
        self.insights.iter().map(|insight| (&insight.subject, insight.start, insight.end))
    }
}

/// `answer` with one more member, if there is something to put there.
fn with(mut answer: Value, name: &str, value: Option<impl Into<Value>>) -> Value {
    if let (Some(members), Some(value)) = (answer.as_object_mut(), value) {
        members.insert(name.to_owned(), value.into());
    }
    answer
}

/// An error of this service. Its model gives none of them a status, so all have that of a client's error.
fn failure(code: &'static str, message: impl Into<String>) -> ServiceError {
    ServiceError::new(code, 400, message)
}

fn bad_token(_: BadToken) -> ServiceError {
    failure("InvalidNextTokenException", "The token is not valid, or was given out for other parameters.")
}

/// As [`bad_token`], where the operation knows no error but this for all that is wrong with a parameter.
fn bad_token_parameter(_: BadToken) -> ServiceError {
    failure("InvalidParameterException", "NextToken is not valid, or was given out for other parameters.")
}

/// The string at `member`, if there is one.
fn text<'a>(call: &'a Call, member: &str) -> Option<&'a str> {
    call.input.get(member)?.as_str()
}
