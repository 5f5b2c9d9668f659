//! The filter of the live page, from the parameters of its address. All faults of an address are reported at once.

use insights_query::input::{account, region, when_in};
use insights_query::{Place, Selection, Span};
use insights_shared::record::{Severity, Source, Stored};
use insights_shared::time::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// The parameters for insights.
pub const OF_INSIGHTS: [&str; 9] =
    ["source", "severity", "status", "account", "region", "entity", "q", "since", "until"];
/// The parameters of the page: those for insights, and which rows are shown in which order.
pub const OF_PAGE: [&str; 12] = [
    "source",
    "severity",
    "status",
    "account",
    "region",
    "entity",
    "q",
    "since",
    "until",
    "group",
    "open_page",
    "page",
];
/// The parameters for counts, which have neither severity nor status.
pub const OF_COUNTS: [&str; 5] = ["source", "account", "region", "since", "until"];
/// The parameters that restrict what is listed, apart from the time.
pub const RESTRICTIONS: [&str; 7] = ["source", "account", "region", "entity", "severity", "status", "q"];
/// The attribute with all text of a record in which `q` is searched. It is not stored: see `search.rs`.
pub const SEARCHED: &str = "searched";
/// The maximum length of a parameter.
const LONGEST: usize = 200;
/// The default start of the period.
pub const DEFAULT_SINCE: &str = "7d";
/// The maximum period of a page in seconds. For older insights, set `until`.
const LONGEST_SPAN: i64 = 400 * 86_400;

/// A fault in a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub field: String,
    /// Its value.
    pub value: String,
    /// The rule that it violates.
    pub rule: String,
}

/// The filter. An empty member does not restrict the result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this source.
    pub source: Option<Source>,
    /// The minimum severity.
    pub severity: Option<Severity>,
    /// Only `open` or `closed`.
    pub status: Option<&'static str>,
    /// Only this account.
    pub account: String,
    /// Only this region.
    pub region: String,
    /// Only this entity.
    pub entity: String,
    /// A part of the title, entity or id, or of any text in the details, such as a caller, a service type or an error code.
    pub q: String,
    /// The start of the period as it was given.
    pub since: String,
    /// The end of the period as it was given.
    pub until: String,
    /// Whether rows are grouped by entity.
    pub is_grouped: bool,
    /// The page of the list of open insights, from 0.
    pub open_page: usize,
    /// The page of the list of ended insights, from 0.
    pub page: usize,
    /// A further selection, which has no parameter: that of a report.
    pub selection: Selection,
}

impl Filter {
    /// Parses decoded parameters at `now`. Only those in `known` are allowed. Times without an offset are in `zone`.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        known: &[&str],
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<(Self, Span), Vec<Fault>> {
        let mut filter = Self::default();
        let mut faults = Vec::new();
        let mut given = BTreeSet::new();
        for (field, value) in pairs {
            let is_first = given.insert(field.to_owned());
            let set = filter.set(field, value.trim(), known, zone);
            let set = set.and_then(|()| if is_first { Ok(()) } else { Err("is given twice".to_owned()) });
            if let Err(rule) = set {
                let mut value = value.to_owned();
                value.truncate(value.floor_char_boundary(LONGEST));
                faults.push(Fault { field: field.to_owned(), value, rule });
            }
        }
        let given = |text: &str| when_in(text, zone).ok();
        // Invalid values are reported as faults.
        let since = given(if filter.since.is_empty() { DEFAULT_SINCE } else { &filter.since });
        let since = since.map_or(now, |since| since.start(now));
        let until = given(&filter.until).map_or(now, |until| until.end(now)).min(now);
        let span = Span { since, until };
        let rule = if span.since >= span.until {
            Some("must be before until, and before now".to_owned())
        } else if span.millis() > LONGEST_SPAN * 1_000 {
            Some(format!("must be at most {} days before until", LONGEST_SPAN / 86_400))
        } else {
            None
        };
        if let Some(rule) = rule.filter(|_| faults.is_empty()) {
            faults.push(Fault { field: "since".to_owned(), value: filter.since.clone(), rule });
        }
        if faults.is_empty() { Ok((filter, span)) } else { Err(faults) }
    }

    fn set(&mut self, field: &str, value: &str, known: &[&str], zone: &TimeZone) -> Result<(), String> {
        let unknown = || match known {
            [] => "is unknown: there are no parameters".to_owned(),
            known => format!("is unknown: known are {}", known.join(", ")),
        };
        if !known.contains(&field) {
            return Err(unknown());
        }
        if value.len() > LONGEST {
            return Err(format!("must be at most {LONGEST} bytes"));
        }
        if value.is_empty() {
            return Ok(());
        }
        match field {
            "source" => {
                let known = || format!("must be {}", insights_sources::source_ids());
                self.source = Some(insights_sources::source(value).ok_or_else(known)?);
            }
            "severity" => {
                let known = || "must be info, low, medium, high or critical".to_owned();
                self.severity = Some(Severity::parse(value).ok_or_else(known)?);
            }
            "status" => {
                let known = ["open", "closed"].into_iter().find(|known| *known == value);
                self.status = Some(known.ok_or_else(|| "must be open or closed".to_owned())?);
            }
            "account" => self.account = account(value)?,
            "region" => self.region = region(value)?,
            "entity" => value.clone_into(&mut self.entity),
            "q" => value.clone_into(&mut self.q),
            "group" if value == "entity" => self.is_grouped = true,
            "group" => return Err("must be entity".to_owned()),
            "open_page" => self.open_page = page_number(value)?,
            "page" => self.page = page_number(value)?,
            "since" | "until" => {
                when_in(value, zone)?;
                value.clone_into(if field == "since" { &mut self.since } else { &mut self.until });
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }

    /// Whether `insight` passes the filter, apart from its time.
    pub fn holds(&self, insight: &Stored) -> bool {
        let is = |name: &str, wanted: &str| wanted.is_empty() || insight.text(name) == Some(wanted);
        let wanted = self.q.to_lowercase();
        let contains =
            |name: &str| insight.text(name).is_some_and(|text| text.to_lowercase().contains(&wanted));
        self.selection.selects(insight)
            && is("source", self.source.map_or("", Source::as_str))
            && is("status", self.status.unwrap_or_default())
            && is("account_id", &self.account)
            && is("region", &self.region)
            && is("entity", &self.entity)
            && self
                .severity
                .is_none_or(|least| insight.text("severity").and_then(Severity::parse) >= Some(least))
            && (wanted.is_empty() || ["title", "entity", "id", "pk", SEARCHED].into_iter().any(contains))
    }

    /// Whether `place` passes the filter's account and region.
    pub fn selects(&self, place: &Place) -> bool {
        let is = |wanted: &str, is: &str| wanted.is_empty() || wanted == is;
        self.selection.selects_place(place)
            && is(&self.account, &place.account_id)
            && is(&self.region, &place.region)
    }

    /// Whether `source` passes the filter.
    pub fn selects_source(&self, source: Source) -> bool {
        self.selection.selects_source(source) && self.source.is_none_or(|asked| asked == source)
    }

    /// Only its account and region, and the selection of a report.
    #[must_use]
    pub fn places(&self) -> Self {
        Self {
            account: self.account.clone(),
            region: self.region.clone(),
            selection: self.selection.clone(),
            ..Self::default()
        }
    }

    /// Whether it restricts anything but the time.
    pub fn narrows(&self) -> bool {
        RESTRICTIONS.iter().any(|name| !self.value(name).is_empty()) || self.selection != Selection::default()
    }
}

/// The number of a page in an address, which counts from 1, as an index.
fn page_number(value: &str) -> Result<usize, String> {
    let number = value.parse::<usize>().ok().filter(|number| (1..=100_000).contains(number));
    number.map(|number| number - 1).ok_or_else(|| "must be the number of a page".to_owned())
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
