//! Renders one lane per entity on a common axis. The worst of overlapping records is shown.

use crate::output::axis::Axis;
use crate::output::plot::shortened;
use crate::session::Session;
use insights_query::ack::is_acknowledged;
use insights_query::format::{add, plain, service, so_many};
use insights_query::{Place, Span};
use insights_shared::record::{Severity, Source, Status, Stored};
use insights_shared::time::DAY_SECONDS;
use insights_sources::{source_of, view};
use std::collections::{BTreeMap, BTreeSet};

/// The characters for each severity, mildest first.
const GLYPHS: [char; 5] = ['─', '░', '▒', '▓', '█'];
/// The legend of the lanes.
pub const LEGEND: &str = "█ critical ▓ high ▒ medium ░ low ─ info, ▶ still open";
/// The maximum number of lanes of a source; the worst are shown.
const MOST_LANES: usize = 16;
/// The maximum width of a lane, for legibility.
const MAX_WIDTH: u16 = 200;

/// The entity of a lane.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct About {
    source: Source,
    account_id: String,
    region: String,
    /// What the records have in common. The title of a snapshot is another one on each day.
    key: String,
}

/// Renders the lanes by source, and the axis.
pub fn render(records: &[Stored], span: Span, centre: Option<&str>, session: &Session) -> String {
    let width = usize::from(session.width.min(MAX_WIDTH));
    let names = (width / 4).clamp(20, 36);
    let mut lanes: BTreeMap<About, Vec<&Stored>> = BTreeMap::new();
    for record in records {
        if let Some(about) = about(record) {
            lanes.entry(about).or_default().push(record);
        }
    }
    let has_several_places = records.iter().filter_map(Place::of).collect::<BTreeSet<_>>().len() > 1;
    let names = if has_several_places { names + 8 } else { names };
    let axis = Axis::new(span, width.saturating_sub(names + 1));
    let mut text = String::new();
    for source in insights_sources::all() {
        let mut own: Vec<(&About, &Vec<&Stored>)> =
            lanes.iter().filter(|(about, _)| about.source == source).collect();
        if own.is_empty() {
            continue;
        }
        let number = own.len();
        own.sort_by_key(|(_, records)| {
            std::cmp::Reverse(records.iter().filter_map(|record| severity(record)).max())
        });
        own.truncate(MOST_LANES);
        // Selected lanes are sorted by their start, so that causes are above their effects.
        own.sort_by_key(|(_, records)| {
            records.iter().filter_map(|record| record.timestamp("started_at")).min()
        });
        add(&mut text, format_args!("{}\n", service(source.as_str())));
        for (_, records) in own {
            let is_centre = records.iter().any(|record| centre.is_some() && record.text("pk") == centre);
            let is_known = records.iter().any(|record| is_acknowledged(record));
            let mark = match (is_centre, is_known) {
                (true, _) => "▸ ",
                (false, true) => "~ ",
                (false, false) => "  ",
            };
            let mut full = name(records);
            if has_several_places && let Some(place) = records.first().and_then(|record| Place::of(record)) {
                let [account, region] = [&place.account_id, &place.region].map(|text| plain(text));
                // The end of an account id and the region distinguish places in little room.
                let account = account.get(account.len().saturating_sub(4)..).unwrap_or(&account).to_owned();
                full = format!("{full} …{account} {region}");
            }
            let name = shortened(&full, names.saturating_sub(2));
            let line =
                format!("{mark}{name:<rest$} {}", lane(records, &axis, span), rest = names.saturating_sub(2));
            text.push_str(line.trim_end());
            text.push('\n');
        }
        if let Some(more) = number.checked_sub(MOST_LANES).filter(|more| *more > 0) {
            add(
                &mut text,
                format_args!("  and {} of the same or lower severity\n", so_many(more, "further", "further")),
            );
        }
    }
    for row in axis.ticks(&session.zone) {
        text.push_str(format!("{:names$} {row}", "").trim_end());
        text.push('\n');
    }
    text
}

fn about(record: &Stored) -> Option<About> {
    let source = source_of(record)?;
    let text = |name: &str| record.text(name).unwrap_or_default().to_owned();
    let is_snapshot = record.text("status") == Some(Status::Snapshot.as_str());
    let key = if is_snapshot { text("entity") } else { lane_of(record).to_owned() };
    Some(About { source, account_id: text("account_id"), region: text("region"), key })
}

fn lane_of(record: &Stored) -> &str {
    view::of_record(record).map_or("", |view| (view.lane)(record))
}

/// The name of a lane: that of its newest record.
fn name(records: &[&Stored]) -> String {
    let newest = records.iter().max_by_key(|record| record.timestamp("started_at"));
    let name = newest.map_or("", |record| lane_of(record));
    if name.is_empty() { "–".to_owned() } else { plain(name) }
}

fn severity(record: &Stored) -> Option<Severity> {
    record.text("severity").and_then(Severity::parse)
}

/// The records of one entity on the axis.
fn lane(records: &[&Stored], axis: &Axis, span: Span) -> String {
    let mut cells: Vec<Option<Severity>> = Vec::new();
    let mut is_open = false;
    for record in records {
        let Some(started_at) = record.timestamp("started_at") else { continue };
        let is_snapshot = record.text("status") == Some("snapshot");
        let (from, until) = if is_snapshot {
            let day = started_at.floor(DAY_SECONDS);
            (day, day.plus_seconds(DAY_SECONDS).min(span.until))
        } else {
            (started_at, record.timestamp("ended_at").unwrap_or(span.until))
        };
        is_open |= record.text("status") == Some("open");
        let (first, last) = (axis.column(from), axis.column(until));
        if cells.len() <= last {
            cells.resize(last + 1, None);
        }
        for cell in cells.iter_mut().take(last + 1).skip(first) {
            *cell = (*cell).max(severity(record).or(Some(Severity::Info)));
        }
    }
    let glyph = |severity: &Option<Severity>| {
        severity.and_then(|severity| GLYPHS.get(usize::from(severity.rank())).copied()).unwrap_or(' ')
    };
    let mut lane: Vec<char> = cells.iter().map(glyph).collect();
    if is_open && let Some(last) = lane.last_mut() {
        *last = '▶';
    }
    lane.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::Value;

    fn record(json: &str) -> Stored {
        let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object: {json}") };
        Stored(map)
    }

    fn noon_to_midnight() -> Span {
        Span {
            since: "2026-03-01T12:00:00Z".parse().unwrap(),
            until: "2026-03-02T00:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_lane_shows_the_worst_record_and_open_insights_have_no_end() {
        let closed = record(
            r#"{"status":"closed","severity":"low","started_at":"2026-03-01T10:00:00Z","ended_at":"2026-03-01T15:30:00Z"}"#,
        );
        let worse = record(
            r#"{"status":"closed","severity":"critical","started_at":"2026-03-01T14:00:00Z","ended_at":"2026-03-01T14:10:00Z"}"#,
        );
        let open = record(r#"{"status":"open","severity":"high","started_at":"2026-03-01T20:00:00Z"}"#);
        let axis = Axis::new(noon_to_midnight(), 12);
        assert_eq!(lane(&[&closed, &worse], &axis, noon_to_midnight()), "░░█░");
        assert_eq!(lane(&[&open], &axis, noon_to_midnight()), "        ▓▓▓▶");
    }

    #[test]
    fn snapshots_of_one_insight_share_a_lane_with_the_newest_name() {
        let [first, second] = [("2026-03-01", "Buckets: 1 finding"), ("2026-03-02", "Buckets: 2 findings")].map(
            |(day, title)| {
                record(&format!(
                    r#"{{"source":"securityhub","status":"snapshot","entity":"arn:a","title":"{title}","started_at":"{day}T00:00:00Z"}}"#
                ))
            },
        );
        assert!(about(&first).is_some());
        assert_eq!(about(&first), about(&second));
        assert_eq!(name(&[&second, &first]), "Buckets: 2 findings");
    }

    #[test]
    fn a_snapshot_fills_its_day() {
        let snapshot =
            record(r#"{"status":"snapshot","severity":"medium","started_at":"2026-03-01T03:00:00Z"}"#);
        let axis = Axis::new(noon_to_midnight(), 4);
        assert_eq!(lane(&[&snapshot], &axis, noon_to_midnight()), "▒▒▒▒");
    }

    #[test]
    fn long_names_are_shortened() {
        assert_eq!(shortened("secretsmanager.amazonaws.com", 10), "secretsma…");
        assert_eq!(shortened("payments", 8), "payments");
    }
}
