//! The faults in force: which of them befalls a call, and how often each still may.

use super::{Fault, FaultKind};
use crate::operation::Service;

/// Faults in the order in which they were asked for. Several can befall one operation, one after the other.
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

    /// The fault that befalls a call of operation `name` of `service`; it is used up by one.
    pub(crate) fn take(&mut self, service: Service, name: &str) -> Option<FaultKind> {
        for fault in self.0.iter_mut().filter(|fault| fault.befalls(service, name)) {
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

    #[test]
    fn faults_befall_their_operation_as_often_as_they_say() {
        let mut queue = Queue::default();
        queue.add(Fault::new("GetInsight", FaultKind::Throttle).times(1).after(1));
        queue.add(Fault::new("xray:*", FaultKind::Denied).times(1).after(2));
        let mut take = |name: &str| queue.take(Service::XRay, name);
        assert_eq!(take("GetGroups"), None);
        assert_eq!(take("GetInsight"), None);
        assert_eq!(take("GetInsight"), Some(FaultKind::Throttle));
        assert_eq!(take("GetInsight"), Some(FaultKind::Denied));
        assert_eq!(take("GetInsight"), None);
        queue.clear();
    }
}
