//! How often the same thing happened: insights of one source, account and region about one entity with the same name.

use insights_query::Span;
use insights_query::format::heading;
use insights_shared::record::Stored;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use std::collections::BTreeMap;

/// The days in which insights are counted.
pub const DAYS: i64 = 30;

/// When the same thing began, oldest first, by what it is.
#[derive(Clone, Debug, Default)]
pub struct Recurrences(BTreeMap<[String; 5], Vec<Timestamp>>);

/// The last 30 days of a period.
pub fn span(period: Span) -> Span {
    Span { since: period.until.plus_seconds(-DAYS * DAY_SECONDS), until: period.until }
}

impl Recurrences {
    /// Counts those of `insights` that began in `span`.
    pub fn of<'a>(insights: impl IntoIterator<Item = &'a Stored>, span: Span) -> Self {
        let mut found: BTreeMap<[String; 5], Vec<Timestamp>> = BTreeMap::new();
        for insight in insights {
            let began =
                insight.timestamp("started_at").filter(|began| *began >= span.since && *began <= span.until);
            if let Some(began) = began {
                found.entry(what(insight)).or_default().push(began);
            }
        }
        for times in found.values_mut() {
            times.sort_unstable();
        }
        Self(found)
    }

    /// `5th in 30 days` of the fifth; `None` of the first, and of an insight that began before the counted days.
    pub fn of_insight(&self, insight: &Stored) -> Option<String> {
        let began = insight.timestamp("started_at")?;
        let times = self.0.get(&what(insight))?;
        let nth = times.iter().position(|time| *time == began)? + 1;
        (nth > 1).then(|| format!("{nth}{} in {DAYS} days", suffix(nth)))
    }
}

fn what(insight: &Stored) -> [String; 5] {
    let text = |name: &str| insight.text(name).unwrap_or_default().to_owned();
    // Numbers in a name are measures, which differ each time.
    let name =
        heading(insight).name.replace(|letter: char| letter.is_ascii_digit() || ".,%".contains(letter), "");
    [text("source"), text("account_id"), text("region"), text("entity"), name]
}

fn suffix(nth: usize) -> &'static str {
    match (nth % 10, nth % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::Value;

    #[test]
    fn the_same_thing_is_counted_in_the_order_in_which_it_began() {
        let insight = |day: u32, region: &str, rate: &str| {
            let json = format!(
                r#"{{"source":"cloudtrail","account_id":"123456789012","region":"{region}","entity":"ec2.amazonaws.com",
                    "title":"RunInstances call rate {rate}","started_at":"2026-03-{day:02}T00:00:00.000Z"}}"#
            );
            let Value::Map(map) = Value::from_json(&json).unwrap() else { panic!("not an object") };
            Stored(map)
        };
        let all = [
            insight(20, "eu-west-1", "12.5"),
            insight(10, "eu-west-1", "0.8"),
            insight(12, "us-east-1", "1"),
            insight(1, "eu-west-1", "3"),
        ];
        let until: Timestamp = "2026-04-05T00:00:00Z".parse().unwrap();
        let counted = Recurrences::of(&all, span(Span { since: until, until }));
        let said = all.iter().map(|insight| counted.of_insight(insight)).collect::<Vec<_>>();
        assert_eq!(said, [Some("2nd in 30 days".to_owned()), None, None, None]);
        assert_eq!(
            [1, 2, 3, 4, 11, 12, 21, 112].map(suffix),
            ["st", "nd", "rd", "th", "th", "th", "st", "th"]
        );
    }
}
