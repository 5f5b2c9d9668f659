//! The impact graph as text: who calls whom, each service once, what has been drawn already named again and not repeated.

use crate::output::add;
use crate::output::tabular::heading;
use crate::output::words::plain;
use crate::session::Session;
use insights_shared::record::Stored;
use insights_shared::value::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The graph, if there is one.
pub fn section(insight: &Stored, items: &[Stored], session: &Session) -> Option<String> {
    let graph = items.iter().find(|item| item.text("sk") == Some("graph"))?;
    let services = graph.0.get("detail")?.at(&["services"]).and_then(Value::as_list).unwrap_or_default();
    if services.is_empty() {
        return None;
    }
    let cause = insight.text("entity").unwrap_or_default();
    Some(heading("Who calls whom", session) + &drawn(services, cause))
}

/// The services as trees; `cause` is marked.
fn drawn(services: &[Value], cause: &str) -> String {
    let nodes: Vec<Node> =
        services.iter().enumerate().map(|(index, service)| Node::of(index, service)).collect();
    let by_reference: BTreeMap<i64, usize> =
        nodes.iter().enumerate().filter_map(|(index, node)| Some((node.reference?, index))).collect();
    let called: BTreeSet<usize> = nodes
        .iter()
        .flat_map(|node| node.calls.iter().filter_map(|reference| by_reference.get(reference).copied()))
        .collect();
    let mut drawing = Drawing {
        nodes: &nodes,
        by_reference: &by_reference,
        cause,
        drawn: BTreeSet::new(),
        text: String::new(),
    };
    for index in (0..nodes.len()).filter(|index| !called.contains(index)) {
        drawing.draw(index, "", "");
    }
    // What is left calls in a circle.
    for index in 0..nodes.len() {
        if !drawing.drawn.contains(&index) {
            drawing.draw(index, "", "");
        }
    }
    drawing.text
}

#[derive(Debug)]
struct Node {
    name: String,
    kind: Option<String>,
    reference: Option<i64>,
    calls: Vec<i64>,
}

impl Node {
    fn of(index: usize, service: &Value) -> Self {
        let text = |name: &str| service.at(&[name]).and_then(Value::as_str).map(plain);
        let first = service.at(&["names"]).and_then(|names| names.as_list()?.first()?.as_str()).map(plain);
        let number = |value: &Value| value.at(&["reference_id"])?.as_number()?.as_i64();
        let edges = service.at(&["edges"]).and_then(Value::as_list).unwrap_or_default();
        Self {
            name: text("name").or(first).unwrap_or_else(|| format!("service {}", index + 1)),
            kind: text("type"),
            reference: number(service),
            calls: edges.iter().filter_map(number).collect(),
        }
    }
}

struct Drawing<'a> {
    nodes: &'a [Node],
    by_reference: &'a BTreeMap<i64, usize>,
    cause: &'a str,
    drawn: BTreeSet<usize>,
    text: String,
}

impl Drawing<'_> {
    fn draw(&mut self, index: usize, branch: &str, below: &str) {
        let Some(node) = self.nodes.get(index) else { return };
        let kind = node.kind.as_ref().map_or(String::new(), |kind| format!(" ({kind})"));
        let mark = if node.name == self.cause { "  ◀ root cause" } else { "" };
        let is_new = self.drawn.insert(index);
        let again = if is_new || node.calls.is_empty() { "" } else { " …" };
        add(&mut self.text, format_args!("{branch}{}{kind}{again}{mark}\n", node.name));
        if !is_new {
            return;
        }
        let calls: Vec<usize> =
            node.calls.iter().filter_map(|reference| self.by_reference.get(reference).copied()).collect();
        for (position, called) in calls.iter().enumerate() {
            let (elbow, line) =
                if position + 1 == calls.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.draw(*called, &format!("{below}{elbow}"), &format!("{below}{line}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing(json: &str, cause: &str) -> String {
        let Value::List(services) = Value::from_json(json).unwrap() else { panic!("not a list: {json}") };
        drawn(&services, cause)
    }

    #[test]
    fn a_graph_is_drawn_from_who_is_called_by_nobody() {
        let graph = drawing(
            r#"[{"reference_id":2,"name":"payments","type":"AWS::Lambda::Function","edges":[{"reference_id":3}]},
                {"reference_id":1,"name":"checkout","edges":[{"reference_id":2},{"reference_id":4}]},
                {"reference_id":3,"name":"vault"},{"reference_id":4,"names":["inventory"],"edges":[{"reference_id":3}]},
                {"reference_id":0,"name":"pages","type":"client","edges":[{"reference_id":1}]}]"#,
            "payments",
        );
        let expected = "\
pages (client)
└─ checkout
   ├─ payments (AWS::Lambda::Function)  ◀ root cause
   │  └─ vault
   └─ inventory
      └─ vault
";
        assert_eq!(graph, expected);
    }

    #[test]
    fn circles_end_and_what_is_missing_is_left_out() {
        let graph = drawing(
            r#"[{"reference_id":1,"name":"a","edges":[{"reference_id":2}]},
                {"reference_id":2,"name":"b","edges":[{"reference_id":1},{"reference_id":9}]},{}]"#,
            "",
        );
        assert_eq!(graph, "service 3\na\n└─ b\n   └─ a …\n");
    }
}
