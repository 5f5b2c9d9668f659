//! How an X-Ray insight developed: one line for each time that X-Ray looked at it again.

use crate::output::tabular::{Column, Tabular, cell, heading};
use crate::session::Session;
use insights_query::format::{instant, percent, plain, thousands};
use insights_shared::number::Number;
use insights_shared::record::Stored;
use insights_shared::value::Value;
use insights_sources::xray;

/// The timeline.
pub fn timeline(items: &[Stored], session: &Session) -> String {
    let kind = xray::INSIGHT_EVENT.as_str();
    let events: Vec<&Stored> = items.iter().filter(|item| item.text("kind") == Some(kind)).collect();
    if events.is_empty() {
        return heading("How it developed: X-Ray told of no event", session);
    }
    let columns = [
        ("TIME", Column::Fixed),
        ("FAULTS", Column::Number),
        ("REQUESTS", Column::Number),
        ("SHARE", Column::Number),
        ("WHAT", Column::Text),
    ];
    let mut table = Tabular::new(session, &columns);
    for event in events {
        let time = event.timestamp("started_at").map(|time| instant(time, &session.zone)).unwrap_or_default();
        // The root cause's requests if there are any, else the clients', as in the rule of severity.
        let counts = ["root_cause_service_request_impact_statistics", "client_request_impact_statistics"];
        let counts = counts.into_iter().find_map(|name| {
            let counts = event.0.get("detail")?.at(&[name])?;
            counts.at(&["total_count"]).and(Some(counts))
        });
        let count = |name: &str| counts.and_then(|counts| counts.at(&[name])?.as_number()?.as_i64());
        let (faults, total) = (count("fault_count"), count("total_count"));
        let shown = |number: Option<i64>| cell(number.map_or_else(|| "–".to_owned(), thousands));
        #[expect(clippy::cast_precision_loss, reason = "a share is shown to three digits")]
        let share = faults
            .zip(total)
            .map_or_else(|| "–".to_owned(), |(faults, total)| percent(faults as f64, total as f64));
        let text = event.text("title").map(plain).unwrap_or_default();
        table.row(vec![
            cell(time),
            shown(faults),
            shown(total),
            cell(share),
            cell(with_anomalous(event, text)),
        ]);
    }
    heading("How it developed", session) + &table.render()
}

/// What X-Ray says, and which services it found anomalous.
fn with_anomalous(event: &Stored, text: String) -> String {
    let services = event.0.get("detail").and_then(|detail| detail.at(&["top_anomalous_services"])?.as_list());
    let name = |service: &Value| {
        let id = service.at(&["service_id"])?;
        let name = id.at(&["name"]).or_else(|| id.at(&["names"])?.as_list()?.first());
        name.and_then(Value::as_str).map(plain)
    };
    let names: Vec<String> = services.unwrap_or_default().iter().filter_map(name).collect();
    if names.is_empty() { text } else { format!("{text}\nanomalous: {}", names.join(", ")) }
}

/// A number at a path of a record's detail.
pub fn number(record: &Stored, path: &[&str]) -> Option<f64> {
    record.0.get("detail")?.at(path)?.as_number().map(Number::as_f64)
}
