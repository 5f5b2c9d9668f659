//! The report: the page as one HTML file that needs no network.

use crate::command::Location;
use crate::page::filter::Filter;
use crate::page::gather::{self, Wanted};
use crate::page::model::Model;
use crate::page::{Medium, document as page_document};
use insights_query::{Error, Reader, Selection, Span};
use jiff::tz::TimeZone;

/// The maximum number of insights with charts and details.
const MOST_DETAILS: usize = 60;
/// The maximum size of a report in bytes. People send it by mail and read it on phones.
const MOST_BYTES: usize = 1_900_000;

/// A report.
#[derive(Clone, Debug)]
pub struct Document {
    /// HTML.
    pub page: String,
    /// The number of open insights.
    pub open: usize,
    /// The number of ended insights.
    pub ended: usize,
    /// Why it is unknown whether there are insights, if the report lists none.
    pub unknown: Option<String>,
}

/// Reads the table and renders the report of what `selection` selects in `span`. Suggested commands use `location` for the table.
pub async fn document(
    reader: &Reader,
    location: Location,
    selection: &Selection,
    span: Span,
    zone: TimeZone,
) -> Result<Document, Error> {
    let filter = Filter { selection: selection.clone(), ..Filter::default() };
    let table = reader.table().to_owned();
    let wanted = Wanted { filter: &filter, span, most_details: MOST_DETAILS, table, zone, location };
    let mut model = gather::whole(reader, wanted).await?;
    let (open, ended) = (model.open.len(), model.closed.len());
    let unknown = model.health.unknown().filter(|_| open + ended == 0).map(str::to_owned);
    Ok(Document { page: fitted(&mut model), open, ended, unknown })
}

/// The page. If it is too large, details of the least important insights are removed first.
fn fitted(model: &mut Model) -> String {
    let mut page = page_document::whole(model, &Medium::File).into_string();
    let mut left = MOST_DETAILS;
    while page.len() > MOST_BYTES && left > 0 {
        left /= 2;
        model.keep_details(left);
        page = page_document::whole(model, &Medium::File).into_string();
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::model::{Insight, Known};
    use crate::page::recurrence::Recurrences;
    use insights_query::health::Health;
    use insights_query::incident::{Occurrence, incidents};
    use insights_query::{Detail, format};
    use insights_shared::record::Stored;
    use insights_shared::time::Timestamp;
    use insights_shared::value::Value;

    fn stored(json: &str) -> Stored {
        let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object: {json}") };
        Stored(map)
    }

    /// One of five thousand insights, of which every fiftieth is open.
    fn insight(nth: u32) -> Stored {
        let (day, hour, minute) = (1 + nth % 20, nth / 1_200 % 24, nth / 20 % 60);
        let state = if nth.is_multiple_of(50) {
            r#""status":"open""#.to_owned()
        } else {
            format!(r#""status":"closed","ended_at":"2026-02-{day:02}T23:59:00.000Z""#)
        };
        stored(&format!(
            r#"{{"pk":"xray#123456789012#eu-west-1#0b6f1d2c-7c4e-4d2e-9a68-{nth:012}","sk":"insight","kind":"xray.insight",
                "source":"xray","account_id":"123456789012","region":"eu-west-1","severity":"high","entity":"service-{}",
                "title":"A rather long title of the kind that services give, number {nth} of many, to weigh enough",
                "measures":{{"fault_count":30,"total_count":100}},"started_at":"2026-02-{day:02}T{hour:02}:{minute:02}:00.000Z",{state}}}"#,
            nth % 90
        ))
    }

    /// Five thousand insights, the most important of which have `events` events each.
    fn model(events: i64) -> Model {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let event = |minute: i64| {
            let at = now.plus_seconds(-60 * minute);
            let summary = "What the service said at this look, which may be rather long as well. ".repeat(4);
            stored(&format!(
                r#"{{"kind":"xray.insight_event","started_at":"{at}","detail":{{"summary":"{summary}"}}}}"#
            ))
        };
        let events: Vec<Stored> = (0..events).map(event).collect();
        let records: Vec<Stored> = (0..5_000).map(insight).collect();
        let known = Known::of(&records);
        let occurrences = records.iter().filter_map(|record| Occurrence::new(record.clone(), &[])).collect();
        let detailed = |(nth, record): (usize, Stored)| {
            let detail = (nth < MOST_DETAILS).then(|| Detail { items: events.clone(), ..Detail::default() });
            Insight { record, ended_later: None, detail }
        };
        let (mut open, closed): (Vec<Stored>, Vec<Stored>) =
            records.into_iter().partition(|record| record.text("status") == Some("open"));
        open.sort_by_key(|record| std::cmp::Reverse(record.timestamp("started_at")));
        Model {
            table: "insights".to_owned(),
            now,
            span: Span::last(40 * 86_400, now),
            zone: TimeZone::UTC,
            filter: Filter::default(),
            known,
            recurrences: Recurrences::default(),
            facets: Vec::new(),
            open: open.into_iter().enumerate().map(detailed).collect(),
            closed: closed
                .into_iter()
                .map(|record| Insight { record, ended_later: None, detail: None })
                .collect(),
            incidents: incidents(occurrences),
            counts: Vec::new(),
            targets: Vec::new(),
            clusters: Vec::new(),
            health: Health::Known,
            selected_health: Health::Known,
            location: Location::default(),
            without_detail: 4_940,
            passed_over: 2,
        }
    }

    #[test]
    fn five_thousand_insights_fit_into_two_megabytes_with_the_omitted_number() {
        let page = fitted(&mut model(10));
        assert!(page.len() < 2_000_000, "{} bytes", page.len());
        for expected in [
            "All sources, last 40 days: 100 of 5,000 open (<span class=\"count\">100 high</span>)",
            "4,900 insights, newest first",
            "3,900 insights in the list of ended insights: the oldest (3900 high)",
            "`insights list --since 2026-01-20T12:00:00.000Z` has them all",
            "the charts and details of 4,940 insights",
            "2 items that a newer version of this program wrote",
            "Number of insights by the time at which they began.",
            "further incidents are left out",
        ] {
            assert!(page.contains(expected), "{expected} is missing");
        }
        assert_eq!(page.matches("<li class=\"entry ").count(), 1_100, "100 open, 1,000 ended");
    }

    #[test]
    fn details_are_removed_if_the_page_is_too_large() {
        let page = fitted(&mut model(150));
        assert!(page.len() < 2_000_000, "{} bytes", page.len());
        let kept = page.matches("data-chart=\"shares\"").count();
        assert!((1..MOST_DETAILS).contains(&kept), "{kept} in {} bytes", page.len());
        let without = format::count((5_000 - kept) as u64);
        assert!(page.contains(&format!("the charts and details of {without} insights")), "{kept}");
    }
}
