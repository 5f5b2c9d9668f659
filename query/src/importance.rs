//! The order of insights in every command and on the page: open before ended, acknowledged ones after others, then by severity, then
//! newest first. No I/O.

use crate::ack::is_acknowledged;
use crate::periods::began;
use insights_shared::record::{Severity, Stored};
use insights_shared::time::Timestamp;
use std::cmp::Reverse;

/// The sort key of insights, most important first. Of equal severity, the newest comes first, because it is most likely the
/// reason for an alarm. The partition key makes the order unique.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Importance {
    is_over: bool,
    is_acknowledged: bool,
    severity: Reverse<Option<Severity>>,
    began: Reverse<Option<Timestamp>>,
    pk: String,
}

impl Importance {
    /// The importance of `insight`.
    pub fn of(insight: &Stored) -> Self {
        Self {
            is_over: insight.text("status") != Some("open"),
            is_acknowledged: is_acknowledged(insight),
            severity: Reverse(insight.text("severity").and_then(Severity::parse)),
            began: Reverse(began(insight)),
            pk: insight.text("pk").unwrap_or_default().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::Value;

    #[test]
    fn open_insights_come_first_then_the_worst_then_the_newest() {
        let insight = |pk: &str, status: &str, severity: &str, hour: &str| {
            let json = format!(
                r#"{{"pk":"{pk}","status":"{status}","severity":"{severity}","started_at":"2026-03-01T{hour}:00:00.000Z"}}"#
            );
            let Value::Map(map) = Value::from_json(&json).unwrap() else { panic!("not an object: {json}") };
            Stored(map)
        };
        let mut insights = [
            insight("over", "closed", "critical", "11"),
            insight("an old one", "open", "high", "08"),
            insight("new, b", "open", "high", "09"),
            insight("new, a", "open", "high", "09"),
            insight("mild", "open", "low", "10"),
            insight("worst", "open", "critical", "07"),
        ];
        insights.sort_by_key(Importance::of);
        let order = insights.iter().map(|insight| insight.text("pk").unwrap()).collect::<Vec<_>>();
        assert_eq!(order, ["worst", "new, a", "new, b", "an old one", "mild", "over"]);
    }
}
