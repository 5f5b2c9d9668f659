//! Selects the services of a large graph that are shown: those nearest to the root cause, in both directions of calls. It
//! identifies services only by their index.

use std::collections::{BTreeSet, VecDeque};

/// The maximum number of services that are shown, in text and on the page. JSON has all of them.
pub const MOST_SERVICES: usize = 60;

/// The indexes of at most `most` services. `calls` contains the indexes of the services that each service calls. Distances
/// are measured from `starts`. If fewer services are connected with them, the first ones of the others are added.
pub fn nearest(calls: &[Vec<usize>], starts: &[usize], most: usize) -> BTreeSet<usize> {
    if calls.len() <= most {
        return (0..calls.len()).collect();
    }
    let mut callers: Vec<Vec<usize>> = vec![Vec::new(); calls.len()];
    for (caller, called) in calls.iter().enumerate() {
        for place in called {
            if let Some(callers) = callers.get_mut(*place) {
                callers.push(caller);
            }
        }
    }
    let beside =
        |place: usize| [&callers, calls].map(|lists: &[Vec<usize>]| lists.get(place)).into_iter().flatten();
    let mut found = BTreeSet::new();
    let mut waiting: VecDeque<usize> = VecDeque::new();
    let mut others = (0..calls.len()).filter(|place| !starts.contains(place));
    // The starts are added first, so that no other service takes their place.
    for start in starts.iter().filter(|start| **start < calls.len()) {
        if found.len() < most && found.insert(*start) {
            waiting.push_back(*start);
        }
    }
    while found.len() < most {
        let Some(place) = waiting.pop_front() else {
            let Some(next) = others.find(|place| !found.contains(place)) else { break };
            found.insert(next);
            waiting.push_back(next);
            continue;
        };
        for next in beside(place).flatten().filter(|next| **next < calls.len()) {
            if found.len() < most && found.insert(*next) {
                waiting.push_back(*next);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_graph_is_complete_and_a_large_one_has_the_nearest_services() {
        // 0 → 1 → 2 → … → 9; the root cause is 6.
        let chain: Vec<Vec<usize>> =
            (0..10).map(|place| if place < 9 { vec![place + 1] } else { vec![] }).collect();
        let shown = |starts: &[usize], most| nearest(&chain, starts, most).into_iter().collect::<Vec<_>>();
        assert_eq!(shown(&[6], 10), (0..10).collect::<Vec<_>>());
        assert_eq!(shown(&[6], 5), [4, 5, 6, 7, 8]);
        assert_eq!(shown(&[9], 3), [7, 8, 9]);
        assert_eq!(shown(&[6, 0], 3), [0, 5, 6], "each start is shown, then what is beside the first");
        assert_eq!(shown(&[], 4), [0, 1, 2, 3]);
        assert_eq!(shown(&[99], 2), [0, 1], "a start that is not there is passed over");
        assert_eq!(shown(&[1, 2, 3, 4], 2), [1, 2]);
    }

    #[test]
    fn with_few_connected_services_the_first_others_are_added() {
        let calls = vec![vec![], vec![], vec![], vec![4, 4, 77], vec![], vec![]];
        assert_eq!(nearest(&calls, &[3], 4).into_iter().collect::<Vec<_>>(), [0, 1, 3, 4]);
    }
}
