//! Reads the `[cloudtrail]` part of a scenario file: trails, insights and series. An insight is also a burst in its series,
//! unless the file has a burst at the same time.

use super::Data;
use super::events::Subject;
use super::metric::{INSIGHT_TYPES, is_error_code, is_event_name, is_event_source};
use super::series::{Burst, Rates};
use super::trails::Trail;
use crate::scenario::members::{each, fault};
use crate::scenario::place::Part;
use crate::scenario::{Context, hash};
use insights_shared::fields::Fields;

mod insight;
mod trail;

impl Part for Data {
    fn parse(mut fields: Fields<'_>, context: &Context) -> Self {
        let lag_millis = context.span_millis(&mut fields, "lag").unwrap_or_default();
        let mut data = Self { seed: context.seed, lag_millis, ..Self::default() };
        let trails = each(&mut fields, "trails", |fields| trail::trail(fields, context));
        for trail in trails.into_iter().flatten() {
            if data.trails.iter().any(|known| known.name == trail.name) {
                fault(&mut fields, "trails", &trail.name, "is named twice");
            }
            data.trails.push(trail);
        }
        let keys = each(&mut fields, "insights", |fields| {
            let insight = insight::insight(fields, context, &data)?;
            let key = insight.key.clone();
            let is_same = data.insights.iter().any(|known| known.is_same(&insight));
            data.insights.push(insight);
            is_same.then_some(key)
        });
        for (index, key) in keys.into_iter().enumerate() {
            if let Some(key) = key {
                let name = format!("insights[{index}]");
                fault(&mut fields, &name, key, "has the key or id of an earlier insight");
            }
        }
        let series = each(&mut fields, "series", |fields| series(fields, context, &data.trails));
        for (index, (subject, rates)) in series.into_iter().enumerate().filter_map(|(i, one)| Some((i, one?)))
        {
            if data.series.iter().any(|(known, _)| *known == subject) {
                let name = format!("series[{index}]");
                fault(&mut fields, &name, &subject.event_name, "is the same series as an earlier one");
            }
            data.series.push((subject, rates));
        }
        fields.finish();
        imply_bursts(&mut data);
        data
    }
}

/// A required string, one of `values`.
fn choice(fields: &mut Fields<'_>, name: &'static str, values: &[&str]) -> Option<String> {
    let text = fields.required_string(name)?;
    if !values.contains(&text.as_str()) {
        fault(fields, name, &text, &format!("must be one of {}", values.join(", ")));
    }
    Some(text)
}

fn subject(fields: &mut Fields<'_>, trails: &[Trail]) -> Option<Subject> {
    let event_source = fields.required_string("event_source");
    let event_name = fields.required_string("event_name");
    let insight_type = choice(fields, "insight_type", &INSIGHT_TYPES);
    let error_code = fields.string("error_code");
    if error_code.is_some() != (insight_type.as_deref() == Some("ApiErrorRateInsight")) {
        let value = error_code.as_deref().unwrap_or_default();
        fault(fields, "error_code", value, "must be given for ApiErrorRateInsight, and only for it");
    }
    let trail = fields.string("trail");
    if let Some(name) = trail.as_deref().filter(|name| trails.iter().all(|trail| trail.name != *name)) {
        fault(fields, "trail", name, "must be the name of one of the trails");
    }
    let (event_source, event_name) = (event_source?, event_name?);
    Some(Subject { event_source, event_name, insight_type: insight_type?, error_code, trail })
}

/// A number that is not negative.
fn amount(fields: &mut Fields<'_>, name: &'static str) -> Option<f64> {
    let number = fields.number(name)?;
    if number < 0.0 {
        fault(fields, name, number, "must not be negative");
    }
    Some(number)
}

/// A required number that is not negative.
fn required_amount(fields: &mut Fields<'_>, name: &'static str) -> Option<f64> {
    let before = fields.faults().len();
    let number = amount(fields, name);
    if number.is_none() && fields.faults().len() == before {
        fields.missing(name);
    }
    number
}

fn series(fields: &mut Fields<'_>, context: &Context, trails: &[Trail]) -> Option<(Subject, Rates)> {
    let subject = subject(fields, trails);
    if let Some(subject) = &subject {
        for (name, value, is_valid) in [
            ("event_source", Some(&subject.event_source), is_event_source as fn(&str) -> bool),
            ("event_name", Some(&subject.event_name), is_event_name),
            ("error_code", subject.error_code.as_ref(), is_error_code),
        ] {
            if let Some(value) = value.filter(|value| !is_valid(value)) {
                fault(fields, name, value, "is not valid for ListInsightsMetricData");
            }
        }
    }
    let baseline = amount(fields, "baseline").unwrap_or_default();
    let noise = fields.number("noise").unwrap_or(1.0);
    if !(0.0..=1.0).contains(&noise) {
        fault(fields, "noise", noise, "must be from 0 to 1");
    }
    let bursts = each(fields, "bursts", |fields| burst(fields, context)).into_iter().flatten().collect();
    let subject = subject?;
    let key = series_key(context.seed, &subject);
    Some((subject, Rates { key, baseline, noise, bursts }))
}

fn burst(fields: &mut Fields<'_>, context: &Context) -> Option<Burst> {
    let from = context.required_instant(fields, "from").map(|from| from.floor(60));
    let until = context.instant(fields, "to").map(|until| until.floor(60));
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        fault(fields, "to", until, "must be at least a minute after from");
    }
    let rate = required_amount(fields, "rate");
    Some(Burst { from: from?, until, rate: rate? })
}

/// Adds the bursts of insights that do not overlap a burst of the file.
fn imply_bursts(data: &mut Data) {
    for insight in &data.insights {
        if data.series.iter().all(|(subject, _)| *subject != insight.subject) {
            let key = series_key(data.seed, &insight.subject);
            let rates = Rates { key, baseline: insight.baseline, noise: 1.0, bursts: Vec::new() };
            data.series.push((insight.subject.clone(), rates));
        }
    }
    for (subject, rates) in &mut data.series {
        let own = data.insights.iter().filter(|insight| insight.subject == *subject);
        let bursts =
            own.map(|insight| Burst { from: insight.start, until: insight.end, rate: insight.average });
        let given = &rates.bursts;
        let implied: Vec<Burst> =
            bursts.filter(|burst| !given.iter().any(|other| other.overlaps(burst))).collect();
        rates.bursts.extend(implied);
    }
}

fn series_name(subject: &Subject) -> String {
    let Subject { event_source, event_name, insight_type, error_code, trail } = subject;
    let (code, trail) = (error_code.as_deref().unwrap_or("-"), trail.as_deref().unwrap_or("-"));
    format!("{event_source} {event_name} {insight_type} {code} {trail}")
}

fn series_key(seed: u64, subject: &Subject) -> u64 {
    let bytes = hash(seed, &format!("cloudtrail series {}", series_name(subject)));
    bytes.iter().take(8).fold(0, |key, byte| (key << 8) | u64::from(*byte))
}
