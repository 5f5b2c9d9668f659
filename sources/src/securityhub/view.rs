//! The view of Security Hub's counts. The change of a value is shown only if both days have a count for it: of more than a
//! hundred values, Security Hub returns only a part.

use super::filters::described;
use super::{INSIGHT, MOST_VALUES, SOURCE, group_noun};
use crate::view::console::{Link, home};
use crate::view::counts::{capitalized, severity};
use crate::view::{
    Column, CorrelationKeys, Fact, Names, Section, Subject, Table, Value, View, aws_command, counted, list,
    text,
};
use insights_records::record::Stored;
use insights_records::value::Value as Json;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The view of Security Hub.
pub static VIEW: View = View {
    source: SOURCE,
    needs_partition: true,
    // It has no insights that open and close.
    related: |_| Vec::new(),
    sections,
    controls: |_| None,
    judgement: |_| None,
    subject: |record| Subject {
        what: "findings".to_owned(),
        relation: "of",
        place: record.text("title").map(str::to_owned),
        unusual: None,
    },
    title_is_message: false,
    correlation_items: &[],
    correlation: |_, _| CorrelationKeys::default(),
    lane: |record| record.text("title").unwrap_or_default(),
    link,
    further_links: |_| Vec::new(),
    names: |_| Names::default(),
    follow_up: |record| match record.text("entity") {
        Some(arn) => aws_command(record, ["securityhub", "get-insight-results", "--insight-arn", arn]),
        None => Vec::new(),
    },
    // It has no metric series.
    unavailable: |_, _| "it is not available".to_owned(),
};

/// The counts of one day, by value.
struct Counts<'a> {
    day: &'a str,
    by_value: BTreeMap<&'a str, i64>,
}

impl<'a> Counts<'a> {
    fn of(snapshot: &'a Stored) -> Option<Self> {
        let results = snapshot.0.get("detail").and_then(|detail| detail.at(&["results"]));
        let count = |value: &'a Json| {
            let count = value.at(&["count"]).and_then(Json::as_number)?.as_i64()?;
            Some((text(value, "group_by_attribute_value").unwrap_or_default(), count))
        };
        let by_value = list(results, "result_values").iter().filter_map(count).collect();
        Some(Self { day: snapshot.text("sk")?, by_value })
    }

    /// Whether there may be more values than listed.
    fn is_limited(&self) -> bool {
        i64::try_from(self.by_value.len()).is_ok_and(|values| values >= MOST_VALUES)
    }

    /// The count of a value; `None` if it is unknown.
    fn count(&self, value: &str) -> Option<i64> {
        let count = self.by_value.get(value).copied();
        if count.is_none() && !self.is_limited() { Some(0) } else { count }
    }
}

fn sections(snapshot: &Stored, items: &[Stored]) -> Vec<Section> {
    let mut sections = vec![facts(snapshot)];
    let Some(newest) = Counts::of(snapshot) else { return sections };
    let is_earlier =
        |item: &&Stored| item.text("kind") == Some(INSIGHT.as_str()) && item.text("sk") < Some(newest.day);
    let mut earlier: Vec<Counts<'_>> = items.iter().filter(is_earlier).filter_map(Counts::of).collect();
    earlier.sort_by_key(|counts| counts.day);
    sections.push(values(snapshot, &newest, &earlier));
    if newest.is_limited() {
        let note =
            format!("Security Hub returns at most {MOST_VALUES} values, so these counts are lower bounds.");
        sections.push(Section::Note(note));
    }
    sections
}

fn facts(snapshot: &Stored) -> Section {
    let insight = snapshot.0.get("detail").and_then(|detail| detail.at(&["insight"]));
    let member = |name| insight.and_then(|insight| text(insight, name)).map(str::to_owned);
    let is_limited = counted(snapshot, "groups").is_some_and(|groups| groups >= MOST_VALUES);
    let number = |name| counted(snapshot, name).map(|number| count(number, is_limited));
    let filters = insight.and_then(|insight| insight.at(&["filters"])).and_then(Json::as_map);
    let filters: Vec<Value> = filters.into_iter().flat_map(described).map(Value::Text).collect();
    let filters = if filters.is_empty() { Value::Text("none".to_owned()) } else { Value::List(filters) };
    let facts = [
        ("Insight", member("name").map(Value::Text)),
        ("Grouped by", member("group_by_attribute").map(Value::Key)),
        ("Severity", Some(severity(snapshot)).filter(|severity| *severity != Value::None)),
        ("Findings", number("findings")),
        ("Values", number("groups")),
        ("Filters", Some(filters)),
        ("ARN", snapshot.text("id").map(|id| Value::Key(id.to_owned()))),
    ];
    Section::Facts(facts.into_iter().filter_map(|(name, value)| Some(Fact { name, value: value? })).collect())
}

fn count(number: i64, is_limited: bool) -> Value {
    if is_limited { Value::AtLeast(number) } else { Value::Count(number) }
}

/// The values of the newest day, and those of the day before that no longer occur, with the change since the previous day and
/// since the first day.
fn values(snapshot: &Stored, newest: &Counts<'_>, earlier: &[Counts<'_>]) -> Section {
    let previous = earlier.last();
    let first = earlier.first().filter(|first| previous.is_some_and(|previous| previous.day != first.day));
    let compared: Vec<&Counts<'_>> = previous.into_iter().chain(first).collect();
    let gone = previous.into_iter().flat_map(|previous| previous.by_value.keys()).filter_map(|value| {
        let is_gone = !newest.by_value.contains_key(value);
        is_gone.then(|| newest.count(value).map(|count| (*value, count))).flatten()
    });
    let mut rows: Vec<(&str, i64)> = newest.by_value.iter().map(|(value, count)| (*value, *count)).collect();
    rows.extend(gone);
    rows.sort_by_key(|(value, count)| (Reverse(*count), *value));
    let row = |(value, count): (&str, i64)| {
        let name = if value.is_empty() { "(empty)" } else { value };
        let changes = compared.iter().map(|counts| match counts.count(value) {
            Some(before) => Value::Text(change(count.saturating_sub(before))),
            None => Value::None,
        });
        [Value::Key(name.to_owned()), Value::Count(count)].into_iter().chain(changes).collect()
    };
    let insight = snapshot.0.get("detail").and_then(|detail| detail.at(&["insight"]));
    let attribute = insight.and_then(|insight| text(insight, "group_by_attribute")).unwrap_or("Value");
    let name = group_noun(attribute).map_or_else(|| attribute.to_owned(), |(one, _)| capitalized(one));
    let mut columns = vec![Column::text(name), Column::number("Findings")];
    columns.extend(compared.iter().map(|counts| Column::number(format!("Since {}", counts.day))));
    let title = format!("Findings by {attribute} on {}", newest.day);
    Section::Table(Table { title, columns, rows: rows.into_iter().map(row).collect() })
}

fn change(difference: i64) -> String {
    match difference {
        0 => "0".to_owned(),
        more if more > 0 => format!("+{more}"),
        less => format!("−{}", less.unsigned_abs()),
    }
}

/// A link to the list of insights. The documentation has no address for a single insight.
fn link(record: &Stored) -> Option<Link> {
    let url = format!("{}#/insights", home(record, "securityhub")?);
    Some(Link { shows: "the insights of Security Hub", url })
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
