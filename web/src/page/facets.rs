//! What can be selected of the insights of a period, with the number of insights of each value. The numbers of one facet are those
//! of the other restrictions alone, so they show what a click would list.

use super::filter::Filter;
use insights_query::format::{count, plain, service};
use insights_shared::record::{Severity, Stored};
use maud::{Markup, html};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The maximum number of values of a facet that are listed; the form takes any other.
const MOST_VALUES: usize = 12;
/// The facets: the parameter, its heading, and the attribute that it selects.
const FACETS: [(&str, &str, &str); 5] = [
    ("severity", "Severity", "severity"),
    ("source", "Source", "source"),
    ("account", "Account", "account_id"),
    ("region", "Region", "region"),
    ("entity", "Service", "entity"),
];

/// A facet with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// The parameter of the address.
    name: &'static str,
    /// Its heading.
    label: &'static str,
    /// The values with their numbers of insights, the most frequent first.
    values: Vec<(String, usize)>,
}

/// The facets of `all` insights of the period.
pub fn of(all: &[Stored], filter: &Filter) -> Vec<Facet> {
    let facet = |(name, label, attribute): (&'static str, &'static str, &str)| {
        let others = filter.with(name, "");
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        for insight in all.iter().filter(|insight| others.holds(insight)) {
            let value = insight.text(attribute).unwrap_or_default();
            let values = if attribute == "severity" { at_least(value) } else { vec![value.to_owned()] };
            for value in values.into_iter().filter(|value| !value.is_empty()) {
                *numbers.entry(value).or_default() += 1;
            }
        }
        let mut values: Vec<(String, usize)> = numbers.into_iter().collect();
        if attribute == "severity" {
            values.sort_by_key(|(value, _)| Reverse(Severity::parse(value)));
        } else {
            values.sort_by(|left, right| (Reverse(left.1), &left.0).cmp(&(Reverse(right.1), &right.0)));
        }
        Facet { name, label, values }
    };
    FACETS.into_iter().map(facet).collect()
}

/// The least severities with which an insight of `severity` is listed.
fn at_least(severity: &str) -> Vec<String> {
    let Some(severity) = Severity::parse(severity) else { return Vec::new() };
    let least = Severity::ALL.into_iter().filter(|least| *least <= severity);
    least.map(|least| least.as_str().to_owned()).collect()
}

/// The facets as links. The link of a selected value takes the selection back.
pub fn links(facets: &[Facet], filter: &Filter) -> Markup {
    html! {
        div.facets {
            @for Facet { name, label, values } in facets {
                @let chosen = filter.value(name);
                @if values.len() > 1 || !chosen.is_empty() {
                    div.facet role="group" aria-label={ "Filter by " (label.to_lowercase()) } {
                        p.quiet { (label) }
                        ul {
                            @for (value, number) in values.iter().take(MOST_VALUES) {
                                @let is_chosen = *value == chosen;
                                li {
                                    a href=(filter.address(&[(*name, if is_chosen { "" } else { value.as_str() })])) aria-current=[is_chosen.then_some("true")] {
                                        (words(name, value)) " " span.number { (count(*number as u64)) }
                                    }
                                }
                            }
                            @if values.len() > MOST_VALUES { li.quiet { (count((values.len() - MOST_VALUES) as u64)) " more" } }
                        }
                    }
                }
            }
        }
    }
}

fn words(name: &str, value: &str) -> String {
    match name {
        "source" => service(value).to_owned(),
        "severity" if value != Severity::Critical.as_str() => format!("{value} or worse"),
        _ => plain(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::Value;

    #[test]
    fn the_numbers_of_a_facet_are_those_that_a_click_would_list() {
        let insight = |source: &str, severity: &str, entity: &str| {
            let json = format!(
                r#"{{"source":"{source}","severity":"{severity}","entity":"{entity}","region":"eu-west-1"}}"#
            );
            let Value::Map(map) = Value::from_json(&json).unwrap() else { panic!("not an object") };
            Stored(map)
        };
        let all = [
            insight("xray", "critical", "payments"),
            insight("xray", "low", "payments"),
            insight("cloudtrail", "high", "ec2"),
            insight("cloudtrail", "high", "sts"),
        ];
        let filter = Filter::default().with("source", "xray");
        let values = |name: &str| {
            let facets = of(&all, &filter);
            let facet = facets.into_iter().find(|facet| facet.name == name).unwrap();
            facet.values.into_iter().map(|(value, number)| format!("{value} {number}")).collect::<Vec<_>>()
        };
        assert_eq!(values("source"), ["cloudtrail 2", "xray 2"], "of all sources");
        assert_eq!(values("entity"), ["payments 2"], "of the selected source");
        assert_eq!(values("severity"), ["critical 1", "high 1", "medium 1", "low 2", "info 2"], "or worse");
        let page = links(&of(&all, &filter), &filter).into_string();
        assert!(
            page.contains(r#"<a href="/" aria-current="true">X-Ray <span class="number">2</span></a>"#),
            "{page}"
        );
        assert!(page.contains(r#"<a href="/?source=cloudtrail">CloudTrail"#), "{page}");
        assert!(page.contains(r#"<a href="/?source=xray&amp;severity=high">high or worse"#), "{page}");
    }
}
