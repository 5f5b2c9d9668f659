//! Arranges a service graph in rows: callers above the services that they call, with few services per row, so that it fits on
//! a phone.

use insights_sources::view::{self, Node};
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// The maximum number of services in a row.
const MOST_BESIDE: usize = 3;

/// A mark of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The root cause.
    RootCause,
    /// An anomalous service.
    Anomalous,
    /// No mark.
    None,
}

/// A service as the chart needs it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Layout {
    /// Its id in this graph.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its type, for example `AWS::Lambda::Function`.
    pub kind: String,
    /// Its mark.
    pub mark: Mark,
    /// The ids of the services that it calls.
    pub calls: Vec<i64>,
}

impl From<&Node> for Layout {
    fn from(node: &Node) -> Self {
        let mark = match node.mark {
            view::Mark::RootCause => Mark::RootCause,
            view::Mark::Anomalous => Mark::Anomalous,
            view::Mark::None => Mark::None,
        };
        Self {
            id: node.id,
            name: node.name.clone(),
            kind: node.kind.clone(),
            mark,
            calls: node.calls.clone(),
        }
    }
}

/// A service with its position.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Placed<'a> {
    /// The service.
    #[serde(flatten)]
    pub node: &'a Layout,
    /// The row, from the top.
    pub row: usize,
    /// The position in the row, from the left.
    pub slot: usize,
    /// The number of positions in the row.
    pub slots: usize,
}

/// The position of each of `nodes`, callers above the services that they call.
pub fn placed(nodes: &[Layout]) -> Vec<Placed<'_>> {
    let mut placed = Vec::with_capacity(nodes.len());
    for (row, places) in rows(nodes).iter().enumerate() {
        let slots = places.len();
        let in_row = places.iter().enumerate().filter_map(|(slot, place)| Some((slot, nodes.get(*place)?)));
        placed.extend(in_row.map(|(slot, node)| Placed { node, row, slot, slots }));
    }
    placed
}

/// The indexes in `nodes` of the services of each row.
fn rows(nodes: &[Layout]) -> Vec<Vec<usize>> {
    let place: BTreeMap<i64, usize> = nodes.iter().enumerate().map(|(nth, node)| (node.id, nth)).collect();
    let is_called = |id: i64| nodes.iter().any(|node| node.id != id && node.calls.contains(&id));
    let mut depth: BTreeMap<usize, usize> = BTreeMap::new();
    let mut waiting: VecDeque<(usize, usize)> = VecDeque::new();
    let roots = nodes.iter().enumerate().filter(|(_, node)| !is_called(node.id)).map(|(nth, _)| nth);
    // In a cycle without a root, the first service is the start.
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

    fn node(id: i64, calls: &[i64]) -> Layout {
        let (name, kind) = (format!("service-{id}"), "AWS::Lambda::Function".to_owned());
        Layout { id, name, kind, mark: Mark::None, calls: calls.to_vec() }
    }

    #[test]
    fn callers_are_above_what_they_call() {
        let nodes = [node(3, &[4]), node(1, &[2]), node(2, &[3, 5]), node(4, &[]), node(5, &[])];
        assert_eq!(rows(&nodes), [vec![1], vec![2], vec![0, 4], vec![3]]);
    }

    #[test]
    fn cycles_and_calls_to_missing_services_have_positions() {
        assert_eq!(rows(&[node(1, &[2, 1]), node(2, &[1, 99])]), [vec![0], vec![1]]);
    }

    #[test]
    fn a_wide_layer_is_broken_into_rows() {
        let nodes = [node(1, &[2, 3, 4, 5]), node(2, &[]), node(3, &[]), node(4, &[]), node(5, &[])];
        assert_eq!(rows(&nodes), [vec![0], vec![1, 2, 3], vec![4]]);
        let last = placed(&nodes).pop().unwrap();
        assert_eq!((last.node.id, last.row, last.slot, last.slots), (5, 2, 0, 1));
    }
}
