//! Renders the sections of a view as HTML, independently of the source. The view determines which sections are shown, and
//! their order.

use super::chart::graph::{Layout, placed};
use super::chart::{Sign, canvas, clock, legend};
use super::insight::{Context, fact};
use super::series::chart;
use super::text::{as_table, cell, table};
use insights_query::Detail;
use insights_query::format::{self, count, length, plain, so_many};
use insights_query::nearest::{MOST_SERVICES, nearest};
use insights_shared::record::Stored;
use insights_shared::value::Map;
use insights_sources::view::counts::capitalized;
use insights_sources::view::{
    Column, CountLine, Explanation, Explanations, Graph, LineChart, Log, LogChart, Mark, Node, Section,
    SeriesChart, ShareChart, Table, Tone, Value,
};
use maud::{Markup, html};
use serde_json::json;
use std::collections::BTreeMap;

/// All sections of an insight.
pub fn render(insight: &Stored, detail: &Detail, context: Context<'_>) -> Markup {
    html! { @for section in detail.sections(insight) { (render_section(&section, insight, detail, context)) } }
}

/// A section that is not about an insight.
pub fn render_one(section: &Section, context: Context<'_>) -> Markup {
    render_section(section, &Stored(Map::default()), &Detail::default(), context)
}

fn render_section(section: &Section, insight: &Stored, detail: &Detail, context: Context<'_>) -> Markup {
    match section {
        Section::Facts(facts) => html! {
            dl.facts { @for one in facts { (fact(one.name, Some(render_fact(&one.value, context)))) } }
        },
        Section::Log(log) => render_log(log, insight, context),
        Section::Graph(graph) => render_graph(graph),
        Section::Series(series) => render_series(series, insight, detail, context),
        Section::Counts(counts) => super::counts::chart(counts, context),
        Section::Table(table) => render_table(table, context),
        Section::Note(note) => html! { p.quiet { (plain(note)) } },
        Section::Explanations(explanations) => render_explanations(explanations),
    }
}

fn render_explanations(explanations: &Explanations) -> Markup {
    html! {
        div.explained {
            h3 { (explanations.title) }
            ul { @for entry in &explanations.entries { li { (explanation(entry)) } } }
        }
    }
}

/// An explanation with its command.
pub fn explanation(explanation: &Explanation) -> Markup {
    let Explanation { about, text, command } = explanation;
    html! {
        @if about.is_empty() { (capitalized(&plain(text))) } @else { b { (capitalized(&plain(about))) } ": " (plain(text)) }
        "."
        @if let Some(command) = command { " " code { (command) } }
    }
}

/// A value outside a table. A rate has its unit.
fn render_fact(value: &Value, context: Context<'_>) -> Markup {
    match value {
        Value::Rate(_) => html! { (render_value(value, context)) " a minute" },
        Value::List(values) => html! {
            @for (nth, one) in values.iter().enumerate() { @if nth > 0 { ", " } (render_value(one, context)) }
        },
        value => render_value(value, context),
    }
}

/// A value in a cell.
pub fn render_value(value: &Value, context: Context<'_>) -> Markup {
    match value {
        Value::Key(text) => html! { code { (plain(text)) } },
        Value::Named { name, kind, is_main } => {
            let name =
                html! { (plain(name)) @if let Some(kind) = kind { span.quiet { " (" (plain(kind)) ")" } } };
            if *is_main {
                html! { b { (name) } }
            } else {
                name
            }
        }
        Value::List(values) => html! { @for one in values { div { (render_value(one, context)) } } },
        Value::Time(at) => super::text::time(*at, context.zone),
        Value::Severity(severity) => super::text::severity(severity.as_str()),
        Value::State { text, tone } => html! { span.state.(tone_class(*tone)) { (text) } },
        Value::Age { what, at, millis } => html! {
            span.quiet { (what) " " (super::text::time(*at, context.zone)) ", " (length(*millis)) " ago" }
        },
        value => cell(format::value(value, context.zone)),
    }
}

/// The CSS class of a state.
pub fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Off => "off",
        Tone::Unsure => "unsure",
        Tone::Bad => "bad",
    }
}

fn render_table(shown: &Table, context: Context<'_>) -> Markup {
    render_rows(shown, shown.rows.iter(), context)
}

fn render_rows<'a>(
    shown: &Table,
    rows: impl Iterator<Item = &'a Vec<Value>>,
    context: Context<'_>,
) -> Markup {
    let columns: Vec<(&str, bool)> =
        shown.columns.iter().map(|Column { name, is_number, .. }| (name.as_str(), *is_number)).collect();
    let row = |row: &Vec<Value>| row.iter().map(|value| render_value(value, context)).collect();
    let rows: Vec<Vec<Markup>> = rows.map(row).collect();
    table(&shown.title, &columns, &rows)
}

/// A log as a chart, and a table of its entries, newest first.
fn render_log(log: &Log, insight: &Stored, context: Context<'_>) -> Markup {
    let entries = render_rows(&log.table, log.table.rows.iter().rev(), context);
    match &log.chart {
        Some(LogChart::Shares(shares)) => render_shares(shares, entries, insight, context),
        Some(LogChart::Counts(counts)) => render_lines(counts, entries, context),
        None => entries,
    }
}

/// The classes of the lines of a chart of counts, in their order.
const LINES: [&str; 4] = ["line one", "line two", "line three", "line four"];

/// Counts over time, a line for each. Of a single time there is no line, only the table.
fn render_lines(chart: &LineChart, entries: Markup, context: Context<'_>) -> Markup {
    let at = |instant| clock(instant, context.zone);
    let times = || chart.lines.iter().flat_map(|line| &line.points).map(|(time, _)| *time);
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return entries };
    if first == last {
        return entries;
    }
    let drawn: Vec<&CountLine> = chart.lines.iter().take(LINES.len()).collect();
    let lines = drawn.iter().map(|line| {
        let points: Vec<_> = line.points.iter().map(|(time, count)| (at(*time), *count)).collect();
        json!({ "name": line.name, "points": points })
    });
    let data = json!({ "from": at(first), "until": at(last), "lines": lines.collect::<Vec<_>>() });
    let signs: Vec<(Sign, String)> =
        LINES.iter().zip(&drawn).map(|(class, line)| (Sign::Line(class), plain(&line.name))).collect();
    let signs: Vec<(Sign, &str)> = signs.iter().map(|(sign, name)| (*sign, name.as_str())).collect();
    html! {
        figure {
            figcaption { (chart.title) }
            (canvas("lines", &plain(&chart.label), &data))
            (legend(&signs))
            (as_table("The same as a table", &entries))
        }
    }
}

fn render_shares(shares: &ShareChart, entries: Markup, insight: &Stored, context: Context<'_>) -> Markup {
    let ShareChart { title, label, names, points } = shares;
    let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else { return entries };
    let at = |instant| clock(instant, context.zone);
    let from = insight.timestamp("started_at").unwrap_or(*first).min(*first);
    let until = insight.timestamp("ended_at").unwrap_or(context.now).max(*last);
    let shares = points.iter().map(|(time, [one, other])| (at(*time), *one, *other));
    let data = json!({ "from": at(from), "until": at(until), "looks": shares.collect::<Vec<_>>() });
    let [one, other] = *names;
    html! {
        figure {
            figcaption { (title) " " span { "at " (so_many(points.len(), "time", "times")) } }
            (canvas("shares", &plain(label), &data))
            (legend(&[(Sign::Line("line root-cause"), one), (Sign::Line("line clients"), other)]))
            (as_table("The same as a table", &entries))
        }
    }
}

fn render_series(shown: &SeriesChart, insight: &Stored, detail: &Detail, context: Context<'_>) -> Markup {
    let found = detail.series.iter().find(|(series, _)| series.key == shown.key);
    html! {
        @if let Some((series, line)) = found { (chart(insight, series, line, shown, context)) }
        @else { p.quiet { (shown.missing) } }
    }
}

fn render_graph(graph: &Graph) -> Markup {
    let nodes = around_the_cause(&graph.nodes);
    let has_cause = graph.nodes.iter().any(|node| node.mark == Mark::RootCause);
    let columns = [("Service", false), ("Type", false), ("Calls", false), ("", false)];
    let row = |node: &Node| {
        let called =
            nodes.iter().filter(|other| node.calls.contains(&other.id)).map(|other| plain(&other.name));
        let mark = match node.mark {
            Mark::RootCause => "root cause",
            Mark::Anomalous => "anomalous",
            Mark::None => "",
        };
        let called: Vec<String> = called.collect();
        vec![cell(plain(&node.name)), cell(plain(&node.kind)), cell(called.join(", ")), cell(mark)]
    };
    let rows: Vec<Vec<Markup>> = nodes.iter().map(row).collect();
    let layout: Vec<Layout> = nodes.iter().map(Layout::from).collect();
    html! {
        figure {
            figcaption { (graph.title) " " span { "callers above the services that they call" } }
            (canvas("graph", "Service graph: calls between services, as in the table below", &json!({ "nodes": placed(&layout) })))
            @if nodes.len() < graph.nodes.len() {
                p.quiet {
                    (count(nodes.len() as u64)) " of " (count(graph.nodes.len() as u64)) " services are shown"
                    @if has_cause { ", those nearest to the root cause" }
                    "; " code { "insights show ID --output json" } " has all"
                }
            }
            (as_table("The same as a table", &table("Services of the service graph", &columns, &rows)))
        }
    }
}

/// The services of a large graph that are nearest to the root cause, then to anomalous services, and the calls between them.
fn around_the_cause(all: &[Node]) -> Vec<Node> {
    let place: BTreeMap<i64, usize> = all.iter().enumerate().map(|(nth, node)| (node.id, nth)).collect();
    let called = |node: &Node| node.calls.iter().filter_map(|id| place.get(id).copied()).collect();
    let calls: Vec<Vec<usize>> = all.iter().map(called).collect();
    let marked = [Mark::RootCause, Mark::Anomalous].into_iter().flat_map(|mark| {
        all.iter().enumerate().filter(move |(_, node)| node.mark == mark).map(|(nth, _)| nth)
    });
    let shown = nearest(&calls, &marked.collect::<Vec<usize>>(), MOST_SERVICES);
    let is_shown = |id: &i64| place.get(id).is_none_or(|nth| shown.contains(nth));
    let node = |node: &Node| Node {
        calls: node.calls.iter().filter(|id| shown.len() == all.len() || is_shown(id)).copied().collect(),
        ..node.clone()
    };
    shown.iter().filter_map(|nth| all.get(*nth)).map(node).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::Value as Json;
    use insights_sources::view;

    /// The page with the graph of these services, in an insight whose root cause is `s4000`.
    fn page_of(services: i64, calls: impl Fn(i64) -> Vec<i64>) -> String {
        let service = |nth: i64| {
            let edges: Vec<String> =
                calls(nth).iter().map(|called| format!(r#"{{"reference_id":{called}}}"#)).collect();
            format!(r#"{{"reference_id":{nth},"name":"s{nth}","edges":[{}]}}"#, edges.join(","))
        };
        let services = (1..=services).map(service).collect::<Vec<_>>().join(",");
        let stored = |json: &str| {
            let Json::Map(map) = Json::from_json(json).unwrap() else { panic!("not an object") };
            Stored(map)
        };
        let insight = stored(r#"{"source":"xray","detail":{"root_cause_service_id":{"name":"s4000"}}}"#);
        let graph = format!(r#"{{"kind":"xray.impact_graph","detail":{{"services":[{services}]}}}}"#);
        let sections = (view::of_record(&insight).unwrap().sections)(&insight, &[stored(&graph)]);
        let graph = sections.iter().find_map(|section| match section {
            Section::Graph(graph) => Some(render_graph(graph).into_string()),
            _ => None,
        });
        graph.unwrap()
    }

    #[test]
    fn a_large_graph_shows_the_nearest_services_and_the_number_of_others() {
        type Calls = fn(i64) -> Vec<i64>;
        let shapes: [(&str, Calls); 4] = [
            ("a chain", |nth| vec![nth + 1]),
            ("one calls all", |nth| if nth == 4_000 { (1..=8_000).collect() } else { Vec::new() }),
            ("all call one", |_| vec![4_000]),
            ("each calls the next hundred", |nth| (nth + 1..nth + 100).collect()),
        ];
        for (shape, calls) in shapes {
            let page = page_of(8_000, calls);
            assert!(page.len() < 100_000, "{shape}: {} bytes", page.len());
            assert!(
                page.contains("60 of 8,000 services are shown, those nearest to the root cause"),
                "{shape}"
            );
            assert!(page.contains("--output json"), "{shape}");
            assert!(page.contains(r#"<td class="">s4000</td>"#), "{shape}: {page}");
            assert_eq!(page.matches("<tr").count(), 61, "{shape}: a heading and 60 services");
        }
        let page = page_of(60, |nth| vec![nth + 1]);
        assert!(!page.contains("services are shown"), "{page}");
    }
}
