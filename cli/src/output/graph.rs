//! A service graph as text: a tree of calls. Each service is expanded once; later occurrences show only its name.

use insights_query::format::{add, count, plain, so_many};
use insights_query::nearest::{MOST_SERVICES, nearest};
use insights_sources::view::{self, Graph, Mark};
use std::collections::{BTreeMap, BTreeSet};

/// The maximum depth. Deeper services begin a new tree at the left.
const MOST_LEVELS: usize = 20;
/// The maximum number of lines. In a dense graph, every call is a line.
const MOST_LINES: usize = 200;

/// The services as trees, with the root cause marked. A large graph is reduced to the services nearest to the root cause.
pub fn render(graph: &Graph) -> String {
    let mut nodes: Vec<Node> = graph.nodes.iter().map(Node::of).collect();
    let by_reference: BTreeMap<i64, usize> =
        graph.nodes.iter().enumerate().map(|(index, node)| (node.id, index)).collect();
    let all: Vec<Vec<usize>> = nodes.iter().map(|node| node.called(&by_reference)).collect();
    let causes = nodes.iter().enumerate().filter(|(_, node)| node.is_cause).map(|(index, _)| index);
    let shown = nearest(&all, &causes.collect::<Vec<usize>>(), MOST_SERVICES);
    for (node, called) in nodes.iter_mut().zip(all) {
        node.shown = called.into_iter().filter(|called| shown.contains(called)).collect();
    }
    let called: BTreeSet<usize> =
        shown.iter().filter_map(|index| nodes.get(*index)).flat_map(|node| node.shown.clone()).collect();
    let mut drawing =
        Drawing { nodes: &nodes, drawn: BTreeSet::new(), text: String::new(), lines: 0, left_out: 0 };
    for index in shown.difference(&called) {
        drawing.draw(*index);
    }
    // The remaining services are in cycles or below the maximum depth.
    for index in &shown {
        if !drawing.drawn.contains(index) {
            drawing.draw(*index);
        }
    }
    let left_out = drawing.left_out;
    let mut text = drawing.text;
    if shown.len() < nodes.len() {
        let (shown, all) = (count(shown.len() as u64), count(nodes.len() as u64));
        let has_cause = nodes.iter().any(|node| node.is_cause);
        let which = if has_cause { ", those nearest to the root cause" } else { "" };
        add(&mut text, format_args!("{shown} of {all} services are shown{which}; --output json has all\n"));
    }
    if left_out > 0 {
        let calls = so_many(left_out, "further call is", "further calls are");
        add(&mut text, format_args!("{calls} left out; --output json has all\n"));
    }
    text
}

#[derive(Debug)]
struct Node {
    name: String,
    kind: String,
    is_cause: bool,
    calls: Vec<i64>,
    /// The indexes of the called services that are shown.
    shown: Vec<usize>,
}

impl Node {
    fn of(node: &view::Node) -> Self {
        Self {
            name: plain(&node.name),
            kind: plain(&node.kind),
            is_cause: node.mark == Mark::RootCause,
            calls: node.calls.clone(),
            shown: Vec::new(),
        }
    }

    /// The indexes of the called services, without duplicates, in the order of the calls.
    fn called(&self, by_reference: &BTreeMap<i64, usize>) -> Vec<usize> {
        let mut seen = BTreeSet::new();
        let places = self.calls.iter().filter_map(|reference| by_reference.get(reference).copied());
        places.filter(|place| seen.insert(*place)).collect()
    }
}

struct Drawing<'a> {
    nodes: &'a [Node],
    drawn: BTreeSet<usize>,
    text: String,
    lines: usize,
    /// The number of omitted lines.
    left_out: usize,
}

/// A line that is still to be drawn.
struct Line {
    index: usize,
    /// The prefix of the name, and of the names below it.
    branch: String,
    below: String,
    depth: usize,
}

impl Drawing<'_> {
    /// Draws the tree below a service. It is not recursive, because a graph can be deeper than the call stack.
    fn draw(&mut self, root: usize) {
        let mut waiting = vec![Line { index: root, branch: String::new(), below: String::new(), depth: 0 }];
        while let Some(line) = waiting.pop() {
            let Some(node) = self.nodes.get(line.index) else { continue };
            let is_new = !self.drawn.contains(&line.index);
            // A service below the maximum depth begins a separate tree later.
            let goes_on = is_new && (line.depth < MOST_LEVELS || node.shown.is_empty());
            self.write(node, &line.branch, goes_on);
            if !goes_on {
                continue;
            }
            self.drawn.insert(line.index);
            // The stack is processed from its end.
            for (position, called) in node.shown.iter().enumerate().rev() {
                let is_last = position + 1 == node.shown.len();
                let (elbow, rail) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
                waiting.push(Line {
                    index: *called,
                    branch: format!("{}{elbow}", line.below),
                    below: format!("{}{rail}", line.below),
                    depth: line.depth + 1,
                });
            }
        }
    }

    fn write(&mut self, node: &Node, branch: &str, goes_on: bool) {
        if self.lines == MOST_LINES {
            self.left_out += 1;
            return;
        }
        self.lines += 1;
        let kind = if node.kind.is_empty() { String::new() } else { format!(" ({})", node.kind) };
        let mark = if node.is_cause { "  ◀ root cause" } else { "" };
        let elsewhere = if goes_on || node.calls.is_empty() { "" } else { " …" };
        add(&mut self.text, format_args!("{branch}{}{kind}{elsewhere}{mark}\n", node.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::record::Stored;
    use insights_shared::value::Value;
    use insights_sources::view::Section;

    fn stored(json: &str) -> Stored {
        let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object: {json}") };
        Stored(map)
    }

    /// The graph of these services, in an insight about `cause`.
    fn drawing(services: &str, cause: &str) -> String {
        let insight = stored(&format!(r#"{{"source":"xray","entity":"{cause}"}}"#));
        let graph = format!(r#"{{"kind":"xray.impact_graph","detail":{{"services":{services}}}}}"#);
        let sections = (view::of_record(&insight).unwrap().sections)(&insight, &[stored(&graph)]);
        let graph = sections.iter().find_map(|section| match section {
            Section::Graph(graph) => Some(render(graph)),
            _ => None,
        });
        graph.unwrap()
    }

    #[test]
    fn a_graph_begins_with_services_that_no_other_calls() {
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
    fn cycles_end_and_missing_services_are_omitted() {
        let graph = drawing(
            r#"[{"reference_id":1,"name":"a","edges":[{"reference_id":2}]},
                {"reference_id":2,"name":"b","edges":[{"reference_id":1},{"reference_id":9}]},{}]"#,
            "",
        );
        assert_eq!(graph, "service 3\na\n└─ b\n   └─ a …\n");
    }

    /// A graph of services with the numbers from 1. `calls` returns the services that each one calls.
    fn graph(services: usize, calls: impl Fn(usize) -> Vec<usize>) -> String {
        let service = |nth: usize| {
            let edges: Vec<String> =
                calls(nth).iter().map(|called| format!(r#"{{"reference_id":{called}}}"#)).collect();
            format!(r#"{{"reference_id":{nth},"name":"s{nth}","edges":[{}]}}"#, edges.join(","))
        };
        format!("[{}]", (1..=services).map(service).collect::<Vec<_>>().join(","))
    }

    #[test]
    fn a_large_graph_shows_services_near_the_cause_and_the_number_of_others() {
        let next = |all: usize| move |nth: usize| if nth < all { vec![nth + 1] } else { Vec::new() };
        for services in [61, 4_000, 8_000, 20_000] {
            let middle = services / 2;
            let text = drawing(&graph(services, next(services)), &format!("s{middle}"));
            assert!(text.len() < 20_000, "{services}: {} bytes", text.len());
            assert!(text.contains(&format!("─ s{middle}  ◀ root cause\n")), "{services}: {text}");
            assert!(
                text.contains(&format!("─ s{}", middle + 1)) && text.contains(&format!("─ s{}", middle - 1))
            );
            let all = count(services as u64);
            let said = format!(
                "60 of {all} services are shown, those nearest to the root cause; --output json has all\n"
            );
            assert!(text.ends_with(&said), "{text}");
        }
    }

    #[test]
    fn graphs_of_any_shape_stay_small() {
        type Calls = fn(usize) -> Vec<usize>;
        let shapes: [(&str, Calls); 5] = [
            ("one calls all", |nth| if nth == 1 { (2..=8_000).collect() } else { Vec::new() }),
            ("all call one", |nth| if nth > 1 { vec![1] } else { Vec::new() }),
            ("a circle", |nth| vec![nth % 8_000 + 1]),
            ("nobody calls", |_| Vec::new()),
            ("each calls the next hundred", |nth| (nth + 1..nth + 100).collect()),
        ];
        for (shape, calls) in shapes {
            for cause in ["s1", "s4000", "", "unknown"] {
                let text = drawing(&graph(8_000, calls), cause);
                assert!(text.len() < 30_000, "{shape}, {cause}: {} bytes", text.len());
                assert!(text.contains("60 of 8,000 services are shown"), "{shape}, {cause}: {text}");
                assert_eq!(text.contains("root cause\n"), cause.starts_with('s'), "{shape}, {cause}: {text}");
            }
        }
    }

    #[test]
    fn sixty_services_that_call_each_other_are_cut_at_two_hundred_lines() {
        let text = drawing(&graph(60, |nth| (1..=60).filter(|other| *other != nth).collect()), "s1");
        assert_eq!(text.lines().count(), 201, "{text}");
        // One line for the first service, and one for each of the 3,540 calls.
        assert!(text.ends_with("3,341 further calls are left out; --output json has all\n"), "{text}");
    }

    #[test]
    fn a_deep_graph_continues_at_the_left() {
        let text = drawing(&graph(45, |nth| if nth < 45 { vec![nth + 1] } else { Vec::new() }), "");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "s1");
        assert!(lines[20].ends_with("└─ s21 …"), "{text}");
        assert_eq!(lines[21], "s21");
        assert_eq!(lines.last().unwrap().trim_start(), "└─ s45");
        assert!((1..=45).all(|nth| text.contains(&format!("s{nth}"))), "{text}");
    }
}
