//! What an answer gave, counted in its own JSON without any code of the functions', and what must be left of it: stored,
//! under `rejected`, or an issue.

use insights_shared::issue::Stage;
use insights_shared::report::Response;
use serde_json::Value;
use std::collections::BTreeSet;

/// What a run did with an answer.
pub struct Outcome<'a> {
    /// The operation as AWS spells it.
    pub operation: &'a str,
    /// The items that were put, in DynamoDB's JSON.
    pub puts: &'a [Value],
    /// What the function said of it.
    pub response: &'a Response,
}

impl Outcome<'_> {
    fn puts(&self, kind: &str) -> usize {
        self.puts.iter().filter(|item| item["kind"]["S"] == *kind).count()
    }

    /// The snapshots of a kind that this operation gives: those of an assessment, or those over all of them.
    fn counted(&self, kind: &str) -> usize {
        let by_assessment = self.operation.contains("Assessment");
        let is_its = |item: &&Value| {
            item["kind"]["S"] == *kind && (item["entity"]["S"] != *"account") == by_assessment
        };
        self.puts.iter().filter(is_its).count()
    }

    fn issues(&self) -> usize {
        let counts = self.response.targets.iter().flat_map(|target| target.issue_counts.values());
        usize::try_from(counts.sum::<u64>()).unwrap_or(usize::MAX)
    }

    /// Whether the answer, or what came with it, could not be used, and an issue says so.
    fn is_lost_with_an_issue(&self) -> bool {
        let mut issues = self.response.targets.iter().flat_map(|target| &target.issues);
        issues.any(|issue| issue.operation == self.operation && issue.stage == Stage::Fetch)
    }

    /// Panics unless everything that `body` gave is accounted for.
    pub fn check(&self, body: &Value) {
        if self.is_lost_with_an_issue() {
            return;
        }
        let rejected = self.puts("rejected");
        let (given, kept) = match self.operation {
            // What the listing shows is asked for by its id, and refused as unknown if the fuzzer has made it up.
            "GetInsightSummaries" => (
                distinct(&list(body, "InsightSummaries"), &["InsightId"]),
                self.puts("xray.insight") + rejected + self.issues(),
            ),
            "GetInsight" => (count(body, "Insight"), self.puts("xray.insight") + rejected),
            // Two that are equal are one that came twice; those whose words differ are not.
            "GetInsightEvents" => (
                distinct(&list(body, "InsightEvents"), &["Summary"]),
                self.puts("xray.insight_event") + rejected,
            ),
            "GetInsightImpactGraph" => (
                list(body, "Services").len(),
                self.most_services() + if rejected > 0 { usize::MAX / 2 } else { 0 },
            ),
            "LookupEvents" | "ListInsightsData" => self.events(body),
            "ListInsightsMetricData" => self.points(body),
            "GetInsights" => (dated(body.get("insights")), self.puts("auditmanager.insights") + rejected),
            "GetInsightsByAssessment" => {
                (dated(body.get("insights")), self.puts("auditmanager.assessment") + rejected)
            }
            "ListAssessments" => (
                distinct(&list(body, "assessmentMetadata"), &["id"]),
                self.puts("auditmanager.assessment") + rejected + self.issues(),
            ),
            "ListControlDomainInsights" | "ListControlDomainInsightsByAssessment" => (
                distinct(&all_dated(&list(body, "controlDomainInsights")), &["id"]),
                self.counted("auditmanager.domain") + rejected,
            ),
            "ListControlInsightsByControlDomain" => (
                distinct(&all_dated(&list(body, "controlInsightsMetadata")), &["id"]),
                self.counted("auditmanager.control") + rejected,
            ),
            "ListAssessmentControlInsightsByControlDomain" => (
                distinct(&all_dated(&list(body, "controlInsightsByAssessment")), &["id", "controlSetName"]),
                self.counted("auditmanager.control") + rejected,
            ),
            _ => return,
        };
        assert!(
            given <= kept,
            "{} gave {given}, and {kept} are stored, rejected or reported: {:?}",
            self.operation,
            self.response
        );
    }

    /// The services of the largest graph that was put.
    fn most_services(&self) -> usize {
        let graphs = self.puts.iter().filter(|item| item["kind"]["S"] == *"xray.impact_graph");
        let services = graphs.map(|item| item["detail"]["M"]["services"]["L"].as_array().map_or(0, Vec::len));
        services.max().unwrap_or_default()
    }

    /// The events of which no insight is stored, and what is under `rejected`.
    fn events(&self, body: &Value) -> (usize, usize) {
        let is_stored = |event: &&Value| {
            let text = event["CloudTrailEvent"].as_str().unwrap_or_default();
            let read: Value = serde_json::from_str(text).unwrap_or_default();
            let is_id = |name: &str| name.to_lowercase().replace('_', "") == "sharedeventid";
            let mut ids = read.as_object().into_iter().flatten().filter(|(name, _)| is_id(name));
            ids.any(|(_, id)| id.is_string() && self.has_insight(id))
        };
        let unstored = list(body, "Events").into_iter().filter(|event| !is_stored(event));
        (unstored.count(), self.puts("rejected"))
    }

    fn has_insight(&self, id: &Value) -> bool {
        self.puts.iter().any(|item| item["kind"]["S"] == *"cloudtrail.insight" && item["id"]["S"] == *id)
    }

    /// The points that were given, and, of the series that has the fewest, those that a chunk holds or an issue names.
    fn points(&self, body: &Value) -> (usize, usize) {
        let numbers = |name: &str| body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let seconds = |value: &Value| value.as_f64().map(|number| number.floor().to_string());
        let given: BTreeSet<String> = numbers("Timestamps").iter().filter_map(seconds).collect();
        if self.issues() > MOST_ISSUES {
            // Not all of them are spelled out.
            return (given.len(), self.issues());
        }
        let rows = self.puts.iter().filter_map(|item| item["sk"]["S"].as_str()?.strip_prefix("series#"));
        let kept = rows.collect::<BTreeSet<&str>>().into_iter().map(|series| self.points_of(series));
        (given.len(), kept.min().unwrap_or_default())
    }

    fn points_of(&self, series: &str) -> usize {
        let is_its = |item: &&Value| {
            item["kind"]["S"] == *"cloudtrail.metric"
                && item["pk"]["S"].as_str().is_some_and(|pk| pk.ends_with(&format!("#{series}")))
        };
        let chunks = self.puts.iter().filter(is_its);
        let stored: BTreeSet<&str> = chunks
            .flat_map(|item| item["timestamps"]["L"].as_array().into_iter().flatten())
            .filter_map(|second| second["N"].as_str())
            .collect();
        let issues = self.response.targets.iter().flat_map(|target| &target.issues);
        stored.len() + issues.filter(|issue| issue.subject == series).count() + self.puts("rejected")
    }
}

/// The most issues that a response spells out.
const MOST_ISSUES: usize = 50;

fn list<'a>(body: &'a Value, name: &str) -> Vec<&'a Value> {
    let elements = body.get(name).and_then(Value::as_array).into_iter().flatten();
    elements.filter(|element| element.is_object()).collect()
}

fn count(body: &Value, name: &str) -> usize {
    usize::from(body.get(name).is_some_and(Value::is_object))
}

/// 1 if the counts are there and have a day.
fn dated(counts: Option<&Value>) -> usize {
    usize::from(counts.is_some_and(|counts| counts["lastUpdated"].is_number()))
}

/// Those that have a day of their own: without one, and without a parent's, there is no data yet.
fn all_dated<'a>(elements: &[&'a Value]) -> Vec<&'a Value> {
    elements.iter().copied().filter(|element| dated(Some(element)) == 1).collect()
}

/// How many there are by what names them; those that lack a name count once each.
fn distinct(elements: &[&Value], names: &[&str]) -> usize {
    let identity =
        |element: &Value| names.iter().map(|name| element[*name].as_str().map(str::to_owned)).collect();
    let identities: BTreeSet<Vec<Option<String>>> =
        elements.iter().map(|element| identity(element)).collect();
    identities.len()
}
