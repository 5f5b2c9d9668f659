//! The active faults: which one applies to a call, and how often each still applies.

use super::{Fault, FaultKind};
use crate::operation::Operation;
use crate::service::Service;

/// Faults in the order in which they were added. Several can apply to one operation, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Queue(Vec<Fault>);

impl Queue {
    /// Adds `fault`.
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Removes every fault.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault that applies to a call of `operation` of `service`. The call is counted.
    pub(crate) fn take(&mut self, service: Service, operation: &Operation) -> Option<FaultKind> {
        for fault in self.0.iter_mut().filter(|fault| fault.applies_to(service, operation)) {
            if fault.count == Some(0) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            fault.count = fault.count.map(|count| count - 1);
            return Some(fault.kind);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xray::SERVICE;

    #[test]
    fn faults_apply_to_their_operations_with_their_count() {
        let mut queue = Queue::default();
        queue.add(Fault::new("GetInsight", FaultKind::Throttle).unwrap().times(1).after(1));
        queue.add(Fault::new("xray:*", FaultKind::Denied).unwrap().times(1).after(2));
        let mut take = |name: &str| queue.take(SERVICE, SERVICE.operation(name).unwrap());
        assert_eq!(take("GetGroups"), None);
        assert_eq!(take("GetInsight"), None);
        assert_eq!(take("GetInsight"), Some(FaultKind::Throttle));
        assert_eq!(take("GetInsight"), Some(FaultKind::Denied));
        assert_eq!(take("GetInsight"), None);
        queue.clear();
    }
}
