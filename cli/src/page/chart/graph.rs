//! A service graph from callers at the top to what they call at the bottom. Boxes are placed in percent, so that three of
//! them fit beside each other on a phone. It knows services by number and name only.

use crate::page::number::{Percent, real_of};
use maud::{Markup, html};
use std::collections::{BTreeMap, VecDeque};

/// Boxes beside each other.
const MOST_BESIDE: usize = 3;
/// Of a box.
const HEIGHT: f64 = 38.0;
/// From one row of boxes to the next.
const ROW: f64 = 66.0;
/// The widest box, in percent.
const WIDEST: f64 = 31.0;

/// What marks a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// What the insight holds to be the cause.
    RootCause,
    /// What is not as usual.
    Anomalous,
    /// Nothing.
    None,
}

/// A service.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its number in this graph.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it is, such as `AWS::Lambda::Function`.
    pub kind: String,
    /// What marks it.
    pub mark: Mark,
    /// The numbers of those that it calls.
    pub calls: Vec<i64>,
}

/// A box: the middle of its upper edge, in percent and from the top.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Position {
    x: f64,
    y: f64,
}

/// The graph of `nodes`.
pub fn draw(label: &str, nodes: &[Node]) -> Markup {
    let rows = rows(nodes);
    let positions = positions(nodes, &rows);
    let width = |row: &[usize]| (96.0 / real_of(row.len().max(1))).min(WIDEST);
    let edges = nodes.iter().flat_map(|node| node.calls.iter().map(move |called| (node.id, *called)));
    let edges = edges.filter(|(caller, called)| caller != called);
    let edges =
        edges.filter_map(|(caller, called)| Some((*positions.get(&caller)?, *positions.get(&called)?)));
    html! {
        svg.graph width="100%" height=(real_of(rows.len()) * ROW - (ROW - HEIGHT) + 4.0) role="img" aria-label=(label) {
            @for (caller, called) in edges {
                @let is_downward = called.y > caller.y;
                line.edge x1=(Percent(caller.x)) y1=(caller.y + if is_downward { HEIGHT } else { 0.0 })
                    x2=(Percent(called.x)) y2=(called.y + if is_downward { 0.0 } else { HEIGHT })
                    marker-end="url(#arrow)" {}
            }
            @for row in &rows {
                @for node in row.iter().filter_map(|nth| nodes.get(*nth)) {
                    @if let Some(position) = positions.get(&node.id) {
                        (node_box(node, *position, width(row)))
                    }
                }
            }
        }
    }
}

fn node_box(node: &Node, position: Position, width: f64) -> Markup {
    let (class, note) = match node.mark {
        Mark::RootCause => ("root-cause", ", the root cause"),
        Mark::Anomalous => ("anomalous", ", anomalous"),
        Mark::None => ("ordinary", ""),
    };
    html! {
        svg.node.(class) x=(Percent(position.x - width / 2.0)) y=(position.y) width=(Percent(width)) height=(HEIGHT) {
            title { (node.name) " (" (node.kind) ")" (note) }
            rect x="1" y="1" width="100%" height=(HEIGHT - 2.0) rx="4" {}
            text.name x="8" y="16" { (node.name) }
            text.kind x="8" y="30" {
                @match node.mark {
                    Mark::RootCause => "root cause",
                    Mark::Anomalous => "anomalous",
                    Mark::None => (short_kind(&node.kind)),
                }
            }
        }
    }
}

/// `Lambda Function` of `AWS::Lambda::Function`.
fn short_kind(kind: &str) -> String {
    kind.strip_prefix("AWS::").unwrap_or(kind).replace("::", " ")
}

/// Where the boxes of `rows` are, by the number of their service.
fn positions(nodes: &[Node], rows: &[Vec<usize>]) -> BTreeMap<i64, Position> {
    let mut positions = BTreeMap::new();
    for (nth, row) in rows.iter().enumerate() {
        for (beside, place) in row.iter().enumerate() {
            let x = 100.0 * (real_of(beside) + 0.5) / real_of(row.len());
            if let Some(node) = nodes.get(*place) {
                positions.insert(node.id, Position { x, y: real_of(nth) * ROW });
            }
        }
    }
    positions
}

/// The places in `nodes` of what lies in each row: callers above what they call, at most so many beside each other.
fn rows(nodes: &[Node]) -> Vec<Vec<usize>> {
    let place: BTreeMap<i64, usize> = nodes.iter().enumerate().map(|(nth, node)| (node.id, nth)).collect();
    let is_called = |id: i64| nodes.iter().any(|node| node.id != id && node.calls.contains(&id));
    let mut depth: BTreeMap<usize, usize> = BTreeMap::new();
    let mut waiting: VecDeque<(usize, usize)> = VecDeque::new();
    let roots = nodes.iter().enumerate().filter(|(_, node)| !is_called(node.id)).map(|(nth, _)| nth);
    // Where everything is called by something, in a circle, the first one begins.
    let starts = roots.chain(0..nodes.len());
    for start in starts {
        if depth.contains_key(&start) {
            continue;
        }
        waiting.push_back((start, 0));
        while let Some((nth, at)) = waiting.pop_front() {
            if depth.contains_key(&nth) {
                continue;
            }
            depth.insert(nth, at);
            let called = nodes.get(nth).into_iter().flat_map(|node| &node.calls);
            waiting.extend(called.filter_map(|id| place.get(id)).map(|called| (*called, at + 1)));
        }
    }
    let mut layers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for nth in 0..nodes.len() {
        layers.entry(depth.get(&nth).copied().unwrap_or_default()).or_default().push(nth);
    }
    layers.values().flat_map(|layer| layer.chunks(MOST_BESIDE)).map(<[usize]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: i64, calls: &[i64]) -> Node {
        let mark = if id == 3 { Mark::RootCause } else { Mark::None };
        Node {
            id,
            name: format!("service-{id}"),
            kind: "AWS::Lambda::Function".to_owned(),
            mark,
            calls: calls.to_vec(),
        }
    }

    #[test]
    fn callers_are_above_what_they_call() {
        let nodes = [node(3, &[4]), node(1, &[2]), node(2, &[3, 5]), node(4, &[]), node(5, &[])];
        assert_eq!(rows(&nodes), [vec![1], vec![2], vec![0, 4], vec![3]]);
    }

    #[test]
    fn circles_and_calls_to_nobody_are_drawn_too() {
        let nodes = [node(1, &[2, 1]), node(2, &[1, 99])];
        assert_eq!(rows(&nodes), [vec![0], vec![1]]);
        let drawn = draw("graph", &nodes).into_string();
        assert_eq!(drawn.matches("<line").count(), 2, "one there, one back: {drawn}");
    }

    #[test]
    fn a_wide_layer_is_broken_into_rows() {
        let nodes = [node(1, &[2, 3, 4, 5]), node(2, &[]), node(3, &[]), node(4, &[]), node(5, &[])];
        assert_eq!(rows(&nodes), [vec![0], vec![1, 2, 3], vec![4]]);
        let drawn = draw("graph", &nodes).into_string();
        assert!(drawn.contains("root cause"), "{drawn}");
        assert!(drawn.contains("Lambda Function"), "{drawn}");
    }
}
