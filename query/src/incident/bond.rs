//! What two insights have in common. It reads what a record says of services and callers, as much of it as it is given:
//! the envelope of an index names what an insight is about, the whole record and the graph name what else it touches.

use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_shared::value::Value;
use insights_sources::kind_of;
use std::collections::BTreeSet;

/// Why an insight belongs to an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bond {
    /// It began soon after, and that is all.
    Together,
    /// They concern the same service.
    Service(String),
    /// The same caller is behind them.
    Caller(String),
}

/// An insight, and what it touches.
#[derive(Clone, Debug, PartialEq)]
pub struct Occurrence {
    /// The insight.
    pub insight: Stored,
    started_at: Timestamp,
    /// The service that it is about, in lower case and without a domain.
    about: String,
    /// Further services that it names.
    touches: BTreeSet<String>,
    /// Who called, other than usual.
    callers: BTreeSet<String>,
}

impl Occurrence {
    /// The insight `insight`, with what it says itself, and what its impact graph says if there is one. `None` for what
    /// is no insight.
    pub fn new(insight: Stored, graph: Option<&Stored>) -> Option<Self> {
        let kind = kind_of(&insight)?;
        let started_at = insight.timestamp("started_at").filter(|_| kind.is_insight())?;
        let about = insight.text("entity").map(service_name).unwrap_or_default();
        let mut touches = BTreeSet::new();
        if let Some(detail) = insight.0.get("detail") {
            touches.extend(detail.at(&["root_cause_service_id"]).map(names).unwrap_or_default());
            for anomalous in list(detail, "top_anomalous_services") {
                touches.extend(anomalous.at(&["service_id"]).map(names).unwrap_or_default());
            }
        }
        if let Some(detail) = graph.and_then(|graph| graph.0.get("detail")) {
            touches.extend(list(detail, "services").iter().flat_map(names));
        }
        let callers = callers(&insight);
        Some(Self { insight, started_at, about, touches, callers })
    }

    /// When it began.
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// When it ended; `None` while it is open.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.insight.timestamp("ended_at")
    }

    /// Puts insights in the order in which they began; equal ones by their keys, so that there is only one order.
    pub(super) fn order(&self) -> (Timestamp, &str) {
        (self.started_at, self.insight.text("pk").unwrap_or_default())
    }

    pub(super) fn is_at_same_place(&self, other: &Self) -> bool {
        ["account_id", "region"].into_iter().all(|name| self.insight.text(name) == other.insight.text(name))
    }

    /// What the two have in common, if anything.
    pub fn in_common(&self, other: &Self) -> Option<Bond> {
        if !self.about.is_empty() && self.about == other.about {
            return Some(Bond::Service(self.about.clone()));
        }
        if self.touches.contains(&other.about) {
            return Some(Bond::Service(other.about.clone()));
        }
        if other.touches.contains(&self.about) {
            return Some(Bond::Service(self.about.clone()));
        }
        self.callers.intersection(&other.callers).next().map(|caller| Bond::Caller(caller.clone()))
    }
}

/// `payments` of a service, `secretsmanager` of `secretsmanager.amazonaws.com`.
fn service_name(entity: &str) -> String {
    let name = entity.strip_suffix(".amazonaws.com").unwrap_or(entity);
    name.to_lowercase()
}

/// What a service of X-Ray may be called: its names, and the AWS service of its type, `dynamodb` of
/// `AWS::DynamoDB::Table`, so that it meets CloudTrail's event source.
fn names(service: &Value) -> Vec<String> {
    let text = |name: &str| service.at(&[name]).and_then(Value::as_str);
    let aws_service = text("type").and_then(|kind| kind.strip_prefix("AWS::")?.split("::").next());
    let further = list(service, "names").iter().filter_map(Value::as_str);
    text("name").into_iter().chain(aws_service).chain(further).map(service_name).collect()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.at(&[name]).and_then(Value::as_list).unwrap_or_default()
}

/// Who called while it was unusual, and not before, by CloudTrail's attributions. AWS's own services are nobody.
fn callers(insight: &Stored) -> BTreeSet<String> {
    let mut callers = BTreeSet::new();
    for half in ["start", "end"] {
        let path = [half, "insight_details", "insight_context"];
        let Some(context) = insight.0.get("detail").and_then(|detail| detail.at(&path)) else { continue };
        for attribution in list(context, "attributions") {
            if attribution.at(&["attribute"]).and_then(Value::as_str) != Some("userIdentityArn") {
                continue;
            }
            let values = |name: &str| -> BTreeSet<String> {
                let values =
                    list(attribution, name).iter().filter_map(|value| value.at(&["value"])?.as_str());
                values.filter(|value| value.starts_with("arn:")).map(str::to_owned).collect()
            };
            callers.extend(values("insight").difference(&values("baseline")).cloned());
        }
    }
    callers
}
