//! `insights incidents`: related insights, with ids that stay the same.

use crate::args::IncidentsArguments;
use crate::args::shared::Output;
use crate::empty;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::rows::short_ids;
use crate::output::tabular::{Column, Tabular, cell, heading, severity};
use crate::output::{csv, print, rows, say};
use crate::session::Session;
use crate::status::warnings::missing_data;
use insights_query::format::{self, instant, json, length, plain, so_many, times};
use insights_query::incident::{Incident, worst_first};
use insights_query::{Place, Reader, Selection, Span};
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_shared::value::Value;
use std::collections::BTreeSet;

/// Runs the command.
pub async fn run(arguments: &IncidentsArguments, session: &Session) -> Result<Exit, Failure> {
    let session = session.in_utc(arguments.look.utc).at(&arguments.location);
    let span = arguments.within.span(session.clock.now(), &session.zone)?;
    let question = async |reader: &Reader| answer(arguments, span, reader, &session).await;
    print(&Opened::ask(&arguments.location, &session, question).await?)?;
    Ok(Exit::Done)
}

async fn answer(
    arguments: &IncidentsArguments,
    span: Span,
    reader: &Reader,
    session: &Session,
) -> Result<String, Failure> {
    let filters = &arguments.filters.selection();
    let all = reader.incidents_within(span).await?;
    let mut incidents: Vec<Incident> =
        all.into_iter().filter(|incident| is_shown(incident, filters)).collect();
    let single = incidents.iter().filter(|incident| !incident.is_correlated()).count();
    incidents
        .retain(|incident| incident.is_correlated() && (!arguments.open || incident.ended_at().is_none()));
    worst_first(&mut incidents);
    if incidents.is_empty() {
        let requested = empty::Requested { filters, passed_by: 0, open: false };
        say(&match single {
            0 => empty::reason(reader, &requested, span, session).await?,
            single if arguments.open => {
                format!(
                    "no open incidents; {} not related to others",
                    so_many(single, "insight is", "insights are")
                )
            }
            single => {
                format!(
                    "no incidents: {} not related to others",
                    so_many(single, "insight is", "insights are")
                )
            }
        });
    } else if let Some(warning) = missing_data(reader, filters, session).await? {
        say(&warning);
    }
    Ok(match arguments.look.output {
        Output::Json => json::records(&incidents.iter().map(Incident::to_record).collect::<Vec<_>>()),
        Output::Csv => csv_rows(&incidents),
        Output::Table if incidents.is_empty() => String::new(),
        Output::Table => page(&incidents, filters, reader.now(), session),
    })
}

/// Whether an incident has an insight that the filters select.
fn is_shown(incident: &Incident, filters: &Selection) -> bool {
    incident.members().iter().any(|member| filters.selects(&member.occurrence.insight))
}

fn page(incidents: &[Incident], filters: &Selection, now: Timestamp, session: &Session) -> String {
    let columns = [
        ("SEVERITY\nID", Column::Fixed),
        ("BEGAN", Column::Fixed),
        ("WHERE", Column::Fixed),
        ("WHAT", Column::Text),
    ];
    let mut table = Tabular::new(session, &columns);
    let places: BTreeSet<Place> = incidents.iter().filter_map(Incident::place).collect();
    for incident in incidents {
        let place = match incident.place() {
            Some(place) if places.len() > 1 => {
                format!("{}\n{}", plain(&place.account_id), plain(&place.region))
            }
            _ => String::new(),
        };
        let number = format!("{}\n{place}", so_many(incident.members().len(), "insight", "insights"));
        let began = instant(incident.started_at(), &session.zone);
        table.row(vec![
            severity(incident.severity().as_str(), Some(&incident.id())),
            cell(format!("{began}\n{}", how_long(incident, now))),
            cell(number.trim_end().to_owned()),
            cell(incident.sentence()),
        ]);
    }
    let starts = || incidents.iter().map(Incident::started_at);
    let times = times(&session.zone, starts().min().unwrap_or(now), starts().max().unwrap_or(now));
    let hidden = incidents.iter().flat_map(Incident::members);
    let hidden = hidden.filter(|member| !filters.selects(&member.occurrence.insight)).count();
    let hidden = match hidden {
        0 => String::new(),
        hidden => format!("; {} of them that the filters exclude", so_many(hidden, "insight", "insights")),
    };
    let number = so_many(incidents.len(), "incident", "incidents");
    format!("{}\n{number}{hidden}; {times}. Show one: {} ID\n", table.render(), session.command(&["show"]))
}

/// `open for 3h 6m`, `for 45m`.
pub fn how_long(incident: &Incident, now: Timestamp) -> String {
    match incident.ended_at() {
        None => format!("open for {}", length(now.millis_since(incident.started_at()))),
        Some(ended_at) => format!("for {}", length(ended_at.millis_since(incident.started_at()))),
    }
}

/// The attributes of an incident in CSV.
const OF_INCIDENT: [&str; 8] =
    ["id", "account_id", "region", "status", "severity", "started_at", "ended_at", "title"];
/// The attributes of a member in CSV.
const OF_MEMBER: [&str; 11] = [
    "pk",
    "kind",
    "id",
    "entity",
    "title",
    "severity",
    "status",
    "started_at",
    "ended_at",
    "after_ms",
    "reason",
];

/// A row for each insight of each incident.
pub fn csv_rows(incidents: &[Incident]) -> String {
    let of_incident =
        OF_INCIDENT.map(|name| format!("incident_{name}").replace("incident_account_id", "account_id"));
    let of_incident = of_incident.map(|name| name.replace("incident_region", "region"));
    let mut text = csv::row(of_incident.iter().map(String::as_str).chain(OF_MEMBER).chain(["in_common"]));
    for record in incidents.iter().map(Incident::to_record) {
        let members = record.0.get("members").and_then(Value::as_list).unwrap_or_default();
        for member in members.iter().filter_map(Value::as_map) {
            let member = Stored(member.clone());
            let of_incident = OF_INCIDENT.iter().map(|name| csv::attribute(&record, name));
            let of_member = OF_MEMBER.iter().chain(&["in_common"]).map(|name| csv::attribute(&member, name));
            text.push_str(&csv::row(of_incident.chain(of_member)));
        }
    }
    text
}

/// One incident: its sentence, its insights in the order in which they began, and how to show each.
pub fn one(incident: &Incident, now: Timestamp, session: &Session) -> String {
    let mut text = format::wrapped(&incident.sentence(), session.width) + "\n";
    let began = instant(incident.started_at(), &session.zone);
    let ended = incident.ended_at().map_or_else(|| "not yet".to_owned(), |at| instant(at, &session.zone));
    let mut facts = vec![
        ("incident", incident.id()),
        ("severity", incident.severity().as_str().to_owned()),
        ("began", format!("{began}, {}", how_long(incident, now))),
        ("ended", ended),
    ];
    if let Some(Place { account_id, region }) = incident.place() {
        facts.push(("account", plain(&format!("{account_id} in {region}"))));
    }
    for (name, value) in facts {
        format::add(&mut text, format_args!("{name:<10}  {value}\n"));
    }
    let columns = [
        ("SEVERITY\nID", Column::Fixed),
        ("BEGAN", Column::Fixed),
        ("WHERE", Column::Text),
        ("WHAT", Column::Text),
    ];
    let mut table = Tabular::new(session, &columns);
    let records: Vec<Stored> =
        incident.members().iter().map(|member| member.occurrence.insight.clone()).collect();
    for (member, id) in incident.members().iter().zip(short_ids(&records)) {
        table.row(rows::member(member, &id, now, session));
    }
    let title = format!("Insights, in the order in which they began: {}", records.len());
    let times = times(&session.zone, incident.started_at(), now);
    let show = session.command(&["show"]);
    text + "\n" + &heading(&title, session) + &table.render() + &format!("\n{times}. Show one: {show} ID\n")
}
