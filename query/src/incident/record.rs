//! An incident as a record, for JSON and CSV. The table has no such record: it is made of the insights that are stored.

use super::{CorrelationReason, Incident, Member};
use insights_shared::record::Stored;
use insights_shared::value::{Map, Value};

/// The value of `kind` of such a record.
pub const KIND: &str = "incident";

/// What a member has of its insight.
const OF_MEMBER: [&str; 9] =
    ["pk", "kind", "id", "entity", "title", "severity", "status", "started_at", "ended_at"];

impl Incident {
    /// The incident with the attributes of an insight. `title` is the sentence; `members` has each insight with `after_ms` (how long
    /// after the lead it began), `reason` (`proximity`, `service` or `caller`) and `in_common` (the name of the service or caller).
    pub fn to_record(&self) -> Stored {
        let status = if self.ended_at().is_some() { "closed" } else { "open" };
        let mut record = Map::from([
            ("kind".into(), KIND.into()),
            ("id".into(), self.id().as_str().into()),
            ("title".into(), self.sentence().as_str().into()),
            ("status".into(), status.into()),
            ("severity".into(), self.severity().as_str().into()),
            ("started_at".into(), self.started_at().into()),
            ("members".into(), Value::List(self.members().iter().map(member).collect())),
        ]);
        record.extend(self.ended_at().map(|ended_at| ("ended_at".into(), ended_at.into())));
        if let Some(place) = self.place() {
            record.insert("account_id".into(), place.account_id.as_str().into());
            record.insert("region".into(), place.region.as_str().into());
        }
        Stored(record)
    }
}

fn member(member: &Member) -> Value {
    let insight = &member.occurrence.insight;
    let mut record: Map =
        OF_MEMBER.iter().filter_map(|name| Some(((*name).into(), insight.0.get(name)?.clone()))).collect();
    record.insert("started_at".into(), member.occurrence.started_at().into());
    record.insert("after_ms".into(), member.after.into());
    let (reason, common) = match &member.reason {
        None => (None, None),
        Some(CorrelationReason::Proximity) => (Some("proximity"), None),
        Some(CorrelationReason::Service(name)) => (Some("service"), Some(name)),
        Some(CorrelationReason::Caller(arn)) => (Some("caller"), Some(arn)),
    };
    record.extend(reason.map(|reason| ("reason".into(), reason.into())));
    record.extend(common.map(|common| ("in_common".into(), common.as_str().into())));
    Value::Map(record)
}
