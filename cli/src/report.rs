//! `insights report`: the page as one file that needs neither a network nor this program.

use crate::args::ReportArguments;
use crate::args::shared::Where;
use crate::embedded::file::is_database;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output;
use crate::page::filter::{DEFAULT_SINCE, Filter, OF_INSIGHTS};
use crate::page::gather::{self, Wanted};
use crate::page::model::Model;
use crate::page::{Dress, document};
use crate::read::Reader;
use crate::read::span::Span;
use crate::session::Session;
use jiff::tz::TimeZone;
use std::path::Path;

/// The most insights that get charts and details.
const MOST_DETAILS: usize = 60;
/// What a report may weigh: it is sent around and read on phones.
const MOST_BYTES: usize = 1_900_000;

/// Writes the report that `arguments` ask for.
pub async fn run(arguments: &ReportArguments, session: &Session) -> Result<Exit, Failure> {
    if is_database(&arguments.out).map_err(|error| Failure::of(arguments.out.display().to_string(), error))? {
        let file = arguments.out.display();
        return Err(Failure::usage(format!(
            "--out {file}: it is a database, which the report would replace"
        )));
    }
    let session = session.in_utc(arguments.utc);
    let opened = Opened::open(&arguments.location, &session).await?;
    let now = opened.reader.now();
    let since = arguments.since.map_or_else(
        || Filter::parse([("since", DEFAULT_SINCE)], &OF_INSIGHTS, now).map_or(now, |(_, span)| span.since),
        |since| since.start(now),
    );
    let written = if since < now {
        write(&opened.reader, Span { since, until: now }, session.zone, &arguments.out).await
    } else {
        Err(Failure::usage(format!("--since {since} is not before now, {now}")))
    };
    opened.close().await;
    let told = written?;
    if arguments.out != Path::new("-") {
        output::say(&told);
    }
    Ok(Exit::Done)
}

/// Writes the report of `span` to `file`, or to standard output if it is `-`; what was written, in a line.
pub async fn write(reader: &Reader, span: Span, zone: TimeZone, file: &Path) -> Result<String, Failure> {
    let filter = Filter::default();
    // A report is passed on: it names the table, but no folder of this machine.
    let reader = reader.clone().at(&Where { local: None, ..reader.location().clone() });
    let table = reader.table().to_owned();
    let wanted = Wanted { filter: &filter, span, most_details: MOST_DETAILS, table, zone };
    let mut model = gather::whole(&reader, wanted).await?;
    let (open, ended) = (model.open.len(), model.closed.len());
    let unknown = match model.health.unknown() {
        Some(reason) if open + ended == 0 => format!("; whether there are insights is unknown: {reason}"),
        _ => String::new(),
    };
    let page = fitted(&mut model);
    if file == Path::new("-") {
        output::print_document(&page)?;
    } else {
        let written = output::file::replace(file, page.as_bytes());
        written.map_err(|error| Failure::of(format!("writing {}", file.display()), error))?;
    }
    let size = page.len() / 1_000;
    Ok(format!("wrote {}: {open} open and {ended} ended insights, {size} kB{unknown}", file.display()))
}

/// The page, of which the details of the least important go first if it weighs too much: they weigh most.
fn fitted(model: &mut Model) -> String {
    let mut page = document::whole(model, &Dress::File).into_string();
    let mut left = MOST_DETAILS;
    while page.len() > MOST_BYTES && left > 0 {
        left /= 2;
        model.keep_details(left);
        page = document::whole(model, &Dress::File).into_string();
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::{Occurrence, incidents};
    use crate::output::words;
    use crate::page::model::{Detail, Insight};
    use crate::status::health::Health;
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
            stored(&format!(r#"{{"started_at":"{at}","detail":{{"summary":"{summary}"}}}}"#))
        };
        let events: Vec<Stored> = (0..events).map(event).collect();
        let records: Vec<Stored> = (0..5_000).map(insight).collect();
        let occurrences = records.iter().filter_map(|record| Occurrence::new(record.clone(), None)).collect();
        let detailed = |(nth, record): (usize, Stored)| {
            let detail = (nth < MOST_DETAILS).then(|| Detail::Xray { events: events.clone(), graph: None });
            Insight { record, detail }
        };
        let (mut open, closed): (Vec<Stored>, Vec<Stored>) =
            records.into_iter().partition(|record| record.text("status") == Some("open"));
        open.sort_by_key(|record| std::cmp::Reverse(record.timestamp("started_at")));
        Model {
            table: "insights".to_owned(),
            now,
            span: Span::last(40 * 86_400, now),
            zone: TimeZone::UTC,
            open: open.into_iter().enumerate().map(detailed).collect(),
            closed: closed.into_iter().map(|record| Insight { record, detail: None }).collect(),
            incidents: incidents(occurrences),
            compliance: Vec::new(),
            standings: Vec::new(),
            health: Health::Known,
            location: Where::default(),
            narrowed: false,
            without_detail: 4_940,
            passed_over: 2,
        }
    }

    #[test]
    fn five_thousand_insights_stay_under_two_megabytes_and_nothing_is_left_out_silently() {
        let page = fitted(&mut model(10));
        assert!(page.len() < 2_000_000, "{} bytes", page.len());
        for expected in [
            "100 insights are open: <span class=\"count\">100 high</span>.",
            "4,900 insights, newest first",
            "3,900 insights in the list of what ended: the oldest (3900 high)",
            "`insights list --since 2026-01-20T12:00:00.000Z` has them all",
            "the charts and details of 4,940 insights",
            "2 items that a newer version of this program wrote",
            "The chart shows the 300 most important; 4,700 more are not shown.",
            "further incidents are left out",
        ] {
            assert!(page.contains(expected), "{expected} is missing");
        }
        assert_eq!(page.matches("<li class=\"entry ").count(), 1_100, "100 open, 1,000 ended");
    }

    #[test]
    fn details_give_way_when_they_weigh_too_much() {
        let page = fitted(&mut model(150));
        assert!(page.len() < 2_000_000, "{} bytes", page.len());
        let kept = page.matches("data-chart=\"shares\"").count();
        assert!((1..MOST_DETAILS).contains(&kept), "{kept} in {} bytes", page.len());
        let without = words::count((5_000 - kept) as u64);
        assert!(page.contains(&format!("the charts and details of {without} insights")), "{kept}");
    }
}
