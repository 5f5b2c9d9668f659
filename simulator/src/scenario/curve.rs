//! Counts that change over time.

use super::Context;
use super::members::{fault, whole};
use insights_shared::fields::Fields;
use insights_shared::time::Timestamp;
use serde_json::Value;

/// A count as a function of time. Between two points it changes linearly. Before the first point it has the value of the
/// first point, and after the last point that of the last one. If several points have the same time, the last one applies
/// from then on. Without points it is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Curve(Vec<(Timestamp, i64)>);

impl Curve {
    /// Creates a count from points in the order of time.
    pub fn new(points: Vec<(Timestamp, i64)>) -> Self {
        Self(points)
    }

    /// A count that does not change.
    pub fn constant(value: i64) -> Self {
        Self(vec![(Timestamp::MIN, value)])
    }

    /// The value at `time`, rounded down.
    pub fn at(&self, time: Timestamp) -> i64 {
        let passed = self.0.partition_point(|(at, _)| *at <= time);
        let next = self.0.get(passed);
        let last = passed.checked_sub(1).and_then(|index| self.0.get(index));
        match (last, next) {
            (Some((from, start)), Some((to, end))) => {
                let span = i128::from(to.millis_since(*from));
                let change = i128::from(*end) - i128::from(*start);
                let change = (change * i128::from(time.millis_since(*from))).div_euclid(span.max(1));
                start.saturating_add(i64::try_from(change).unwrap_or_default())
            }
            (Some((_, value)), None) | (None, Some((_, value))) => *value,
            (None, None) => 0,
        }
    }
}

/// The member `name`: a whole number from 0 to `most`, or a list of points `{ at, value }` in the order of time.
pub(crate) fn curve(
    fields: &mut Fields<'_>,
    name: &'static str,
    context: &Context,
    most: i64,
) -> Option<Curve> {
    let value = fields.value(name)?;
    match value {
        Value::Array(elements) => Some(points(fields, name, elements, context, most)),
        other => {
            let number = other.as_i64().filter(|number| (0..=most).contains(number));
            if number.is_none() {
                let rule = format!("must be a whole number between 0 and {most}, or a list of points");
                fault(fields, name, other, &rule);
            }
            number.map(Curve::constant)
        }
    }
}

fn points(fields: &mut Fields<'_>, name: &str, elements: Vec<Value>, context: &Context, most: i64) -> Curve {
    let mut points: Vec<(Timestamp, i64)> = Vec::new();
    for (index, element) in elements.into_iter().enumerate() {
        let path = fields.path(&format!("{name}[{index}]"));
        let Some(mut point) = Fields::new(element, path, fields.faults()) else { continue };
        let at = context.required_instant(&mut point, "at").unwrap_or(context.anchor);
        if points.last().is_some_and(|(before, _)| at < *before) {
            fault(&mut point, "at", at, "must not be before the point before it");
        }
        if !point.has("value") {
            point.missing("value");
        }
        let value = whole(&mut point, "value", 0..=most).unwrap_or_default();
        point.finish();
        points.push((at, value));
    }
    Curve(points)
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::fields::Faults;
    use serde_json::json;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    #[test]
    fn a_count_changes_linearly_between_its_points_and_keeps_its_ends() {
        let points = vec![(second(10), 100), (second(20), 0), (second(20), 7), (second(30), 8)];
        let curve = Curve::new(points);
        let check = |at: i64, expected: i64| assert_eq!(curve.at(second(at)), expected, "{at}");
        check(0, 100);
        check(10, 100);
        check(13, 70);
        check(19, 10);
        // At the time of two points, the second one applies.
        check(20, 7);
        check(29, 7);
        check(30, 8);
        check(99, 8);
        assert_eq!(Curve::default().at(second(0)), 0);
        assert_eq!(Curve::constant(5).at(second(0)), 5);
    }

    #[test]
    fn a_count_is_a_number_or_a_list_of_points_in_the_order_of_time() {
        let context = Context { anchor: second(1_000), seed: 0 };
        let read = |value: Value| {
            let mut faults = Faults::default();
            let mut fields = Fields::new(json!({"count": value}), "", &mut faults).unwrap();
            let curve = curve(&mut fields, "count", &context, 10);
            fields.finish();
            faults.or(curve.unwrap_or_default()).map_err(|faults| faults.to_string())
        };
        assert_eq!(read(json!(3)), Ok(Curve::constant(3)));
        let points = json!([{"at": "-1m", "value": 1}, {"at": "now", "value": 9}]);
        assert_eq!(read(points), Ok(Curve::new(vec![(second(940), 1), (second(1_000), 9)])));
        let check = |value: Value, expected: &str| {
            let faults = read(value).unwrap_err();
            assert!(faults.contains(expected), "{expected} not in {faults}");
        };
        let faulty = json!([{"at": "now", "value": 11}, {"at": "-1s", "value": 1, "x": 1}, {"at": "now"}, {"value": 1}]);
        check(json!("x"), "count is \"x\": must be a whole number between 0 and 10, or a list of points");
        check(json!([1]), "count[0] is 1: must be an object");
        for expected in [
            "count[0].value is 11: must be a whole number between 0 and 10",
            "count[1].at is 1970-01-01T00:16:39.000Z: must not be before the point before it",
            "count[1].x is 1: unknown key",
            "count[2].value: is required",
            "count[3].at: is required",
        ] {
            check(faulty.clone(), expected);
        }
    }
}
