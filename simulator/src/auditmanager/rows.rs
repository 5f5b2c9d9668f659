//! The rows of the answers: sums of evidence by account, assessment, domain and control, without the members that the
//! scenario omits.

use super::counts::{Counts, Evidence, evidence, newest_day_of};
use super::{Assessment, Data};
use crate::arn::partition;
use crate::call::Call;
use crate::timestamp::seconds;
use insights_shared::time::Timestamp;
use serde_json::{Value, json};

/// The counts of the active assessments of the account.
pub(super) fn account(data: &Data, now: Timestamp) -> Value {
    let active: Vec<&Assessment> = data.assessments.iter().filter(|one| one.is_active(now)).collect();
    let mut row = counted(data, &active, now);
    set(&mut row, "activeAssessmentsCount", active.len());
    without(row, data.omit.iter())
}

/// The counts of one active assessment.
pub(super) fn assessment(data: &Data, assessment: &Assessment, now: Timestamp) -> Value {
    without(counted(data, &[assessment], now), assessment.omit_insights.iter())
}

/// The assessments, or those with the status `wanted`.
pub(super) fn assessments(data: &Data, call: &Call, wanted: Option<&str>) -> Vec<Value> {
    let existing = data.assessments.iter().filter(|assessment| assessment.exists(call.now));
    existing
        .map(|assessment| metadata(data, assessment, call))
        .filter(|(status, _)| wanted.is_none_or(|wanted| wanted == *status))
        .map(|(_, row)| row)
        .collect()
}

/// The domains with evidence in the assessment `only`, or in all active ones.
pub(super) fn domains(data: &Data, now: Timestamp, only: Option<&Assessment>) -> Vec<Value> {
    let active: Vec<&Assessment> = match only {
        Some(assessment) => vec![assessment],
        None => data.assessments.iter().filter(|assessment| assessment.is_active(now)).collect(),
    };
    let all: Vec<Evidence<'_>> =
        active.iter().flat_map(|assessment| evidence(data, assessment, now)).collect();
    let groups = grouped(&all, |one| one.domain.id.clone());
    let groups = groups.into_iter().filter(|group| group.iter().any(|one| one.counts.any()));
    groups.filter_map(|group| domain(&group, only.is_some())).collect()
}

/// The controls of a domain with evidence in an active assessment.
pub(super) fn controls(data: &Data, now: Timestamp, domain_id: &str) -> Vec<Value> {
    let active = data.assessments.iter().filter(|assessment| assessment.is_active(now));
    let all: Vec<Evidence<'_>> = active
        .flat_map(|assessment| evidence(data, assessment, now))
        .filter(collected_in(domain_id))
        .collect();
    let groups = grouped(&all, |one| one.control.id.clone());
    groups.iter().filter_map(|group| control(group)).collect()
}

/// The controls of a domain with evidence in `assessment`, by control set.
pub(super) fn assessment_controls(
    data: &Data,
    now: Timestamp,
    assessment: &Assessment,
    domain_id: &str,
) -> Vec<Value> {
    let all = evidence(data, assessment, now).into_iter().filter(collected_in(domain_id));
    let rows = all.filter_map(|one| {
        let mut row = control(&[one])?;
        if let Some(name) =
            one.control.control_set.as_ref().filter(|_| !omits(&one.control.omit, "controlSetName"))
        {
            set(&mut row, "controlSetName", name.as_str());
        }
        Some(row)
    });
    rows.collect()
}

fn collected_in(domain_id: &str) -> impl Fn(&Evidence<'_>) -> bool {
    move |one| one.domain.id == domain_id && one.counts.any()
}

/// Groups `all` by `key`, in the order of the first element of each group.
fn grouped<'a>(all: &[Evidence<'a>], key: impl Fn(&Evidence<'a>) -> String) -> Vec<Vec<Evidence<'a>>> {
    let mut groups: Vec<(String, Vec<Evidence<'a>>)> = Vec::new();
    for one in all {
        let key = key(one);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(*one),
            None => groups.push((key, vec![*one])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn domain(group: &[Evidence<'_>], in_assessment: bool) -> Option<Value> {
    let first = group.first()?;
    // Across assessments a control counts once; in an assessment it counts once for each control set.
    let rows = |group: &[Evidence<'_>]| {
        let sets = |one: &Evidence<'_>| one.control.control_set.clone().filter(|_| in_assessment);
        grouped(group, |one| format!("{}\n{}", one.control.id, sets(one).unwrap_or_default())).len()
    };
    let noncompliant: Vec<Evidence<'_>> =
        group.iter().filter(|one| one.counts.noncompliant > 0).copied().collect();
    let row = json!({
        "name": first.domain.name,
        "id": first.domain.id,
        "controlsCountByNoncompliantEvidence": rows(&noncompliant),
        "totalControlsCount": rows(group),
        "evidenceInsights": insights(group),
        "lastUpdated": last_updated(group),
    });
    Some(without(row, group.iter().flat_map(|one| one.domain.omit.iter())))
}

fn control(group: &[Evidence<'_>]) -> Option<Value> {
    let first = group.first()?;
    let row = json!({
        "name": first.control.name,
        "id": first.control.id,
        "evidenceInsights": insights(group),
        "lastUpdated": last_updated(group),
    });
    Some(without(row, group.iter().flat_map(|one| one.control.omit.iter())))
}

fn metadata<'a>(data: &Data, assessment: &Assessment, call: &Call) -> (&'a str, Value) {
    let iam = |role: &str| format!("arn:{}:iam::{}:role/{role}", partition(&call.region), call.account);
    let active = assessment.is_active(call.now);
    let status = if active { "ACTIVE" } else { "INACTIVE" };
    let roles: Vec<Value> =
        assessment.roles.iter().map(|(kind, role)| json!({"roleType": kind, "roleArn": iam(role)})).collect();
    let delegations: Vec<Value> = assessment
        .delegations
        .iter()
        .filter(|delegation| delegation.created.is_none_or(|created| created <= call.now))
        .map(|delegation| {
            let row = json!({
                "id": delegation.id,
                "assessmentName": assessment.name,
                "assessmentId": assessment.id,
                "status": delegation.status,
                "roleArn": iam(&delegation.role),
                "roleType": delegation.role_type,
                "creationTime": delegation.created.map(seconds),
                "lastUpdated": delegation.created.map(seconds),
                "controlSetId": delegation.control_set,
                "comment": delegation.comment,
                "createdBy": delegation.created_by,
            });
            without_nulls(row)
        })
        .collect();
    let last_updated = if active {
        let evidence = evidence(data, assessment, call.now);
        let day = newest_day_of(data, assessment, call.now).map(|day| day.last_updated);
        evidence.iter().map(|one| one.last_updated).max().max(day)
    } else {
        assessment.inactive_from.max(assessment.created).filter(|at| *at > Timestamp::MIN)
    };
    let row = json!({
        "name": assessment.name,
        "id": assessment.id,
        "complianceType": assessment.compliance_type,
        "status": status,
        "roles": roles,
        "delegations": delegations,
        "creationTime": assessment.created.map(seconds),
        "lastUpdated": last_updated.map(seconds),
    });
    (status, without(without_nulls(row), assessment.omit.iter()))
}

/// The sums of `assessments`. Before the first day with counts, there is the number of controls only.
fn counted(data: &Data, assessments: &[&Assessment], now: Timestamp) -> Value {
    let all: Vec<Evidence<'_>> = assessments.iter().flat_map(|one| evidence(data, one, now)).collect();
    let counts = sum(&all);
    let noncompliant = all.iter().filter(|one| one.counts.noncompliant > 0).count();
    let domains = assessments.iter().flat_map(|assessment| &assessment.domains);
    let mut row =
        json!({"totalAssessmentControlsCount": domains.map(|domain| domain.controls.len()).sum::<usize>()});
    let day = assessments.iter().filter_map(|one| newest_day_of(data, one, now)).map(|day| day.last_updated);
    if let Some(last_updated) = day.chain(all.iter().map(|one| one.last_updated)).max() {
        set(&mut row, "noncompliantEvidenceCount", counts.noncompliant);
        set(&mut row, "compliantEvidenceCount", counts.compliant);
        set(&mut row, "inconclusiveEvidenceCount", counts.inconclusive);
        set(&mut row, "assessmentControlsCountByNoncompliantEvidence", noncompliant);
        set(&mut row, "lastUpdated", seconds(last_updated));
    }
    row
}

fn insights(group: &[Evidence<'_>]) -> Value {
    let counts = sum(group);
    json!({
        "noncompliantEvidenceCount": counts.noncompliant,
        "compliantEvidenceCount": counts.compliant,
        "inconclusiveEvidenceCount": counts.inconclusive,
    })
}

fn sum(group: &[Evidence<'_>]) -> Counts {
    let mut sum = Counts::default();
    for one in group {
        sum += one.counts;
    }
    sum
}

fn last_updated(group: &[Evidence<'_>]) -> Option<Value> {
    group.iter().map(|one| one.last_updated).max().map(seconds)
}

/// Removes `names` from `row` and from the counts in it.
fn without<'a>(mut row: Value, names: impl Iterator<Item = &'a String>) -> Value {
    for name in names {
        if let Some(members) = row.as_object_mut() {
            members.remove(name);
        }
        if let Some(counts) = row.get_mut("evidenceInsights").and_then(Value::as_object_mut) {
            counts.remove(name);
        }
    }
    row
}

fn omits(omit: &[String], name: &str) -> bool {
    omit.iter().any(|omitted| omitted == name)
}

fn set(row: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(members) = row.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
}

fn without_nulls(mut row: Value) -> Value {
    if let Some(members) = row.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    row
}
