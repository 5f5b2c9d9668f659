//! Reads the `[auditmanager]` table of a scenario. Values that the service's model does not allow are faults.

use super::check::{is_domain_id, is_uuid};
use super::counts::day_of;
use super::{Assessment, Control, Correction, Data, Delegation, Dip, Domain, Status};
use crate::scenario::members::{
    bounded, choice, distinct, each, fault, identifier, omit, optional_text, text, time_of_day, whole,
};
use crate::scenario::place::Part;
use crate::scenario::{Context, hash};
use insights_shared::fields::Fields;
use insights_shared::time::Timestamp;
use serde_json::Value;

/// The maximum of a daily count and of a dip's factor. With these limits, sums are exact.
const MOST: f64 = 1_000_000.0;
/// The fault of a repeated name or id.
const UNIQUE: &str = "is not unique; change the name or the id of one of them";
const INSIGHTS: &[&str] = &[
    "activeAssessmentsCount",
    "noncompliantEvidenceCount",
    "compliantEvidenceCount",
    "inconclusiveEvidenceCount",
    "assessmentControlsCountByNoncompliantEvidence",
    "totalAssessmentControlsCount",
    "lastUpdated",
];
const METADATA: &[&str] =
    &["name", "id", "complianceType", "status", "roles", "delegations", "creationTime", "lastUpdated"];
const DOMAIN: &[&str] = &[
    "name",
    "id",
    "controlsCountByNoncompliantEvidence",
    "totalControlsCount",
    "evidenceInsights",
    "noncompliantEvidenceCount",
    "compliantEvidenceCount",
    "inconclusiveEvidenceCount",
    "lastUpdated",
];
const CONTROL: &[&str] = &[
    "name",
    "id",
    "controlSetName",
    "evidenceInsights",
    "noncompliantEvidenceCount",
    "compliantEvidenceCount",
    "inconclusiveEvidenceCount",
    "lastUpdated",
];
const ROLE_TYPES: &[&str] = &["PROCESS_OWNER", "RESOURCE_OWNER"];

impl Part for Data {
    fn parse(mut fields: Fields<'_>, context: &Context) -> Self {
        let status =
            match choice(&mut fields, "status", &["ACTIVE", "INACTIVE", "PENDING_ACTIVATION"]).as_deref() {
                Some("INACTIVE") => Status::Inactive,
                Some("PENDING_ACTIVATION") => Status::PendingActivation,
                _ => Status::Active,
            };
        let collected_at = time_of_day(&mut fields, "collected_at").unwrap_or_default();
        let missing_days = missing_days(&mut fields, context);
        let jitter = bounded(&mut fields, "jitter", 1.0).unwrap_or(0.2);
        let page_size = whole(&mut fields, "page_size", 1..=1_000).unwrap_or(50);
        let omit = omit(&mut fields, "omit", INSIGHTS);
        let assessments = each(&mut fields, "assessments", |fields| assessment(fields, context));
        distinct(
            &mut fields,
            "assessments",
            assessments.iter().map(|assessment| assessment.id.clone()),
            UNIQUE,
        );
        fields.finish();
        Data {
            status,
            collected_at,
            missing_days,
            jitter,
            seed: context.seed,
            page_size: usize::try_from(page_size).unwrap_or(50),
            omit,
            assessments,
        }
    }
}

fn assessment(fields: &mut Fields<'_>, context: &Context) -> Assessment {
    let name = text(fields, "name", 300, |name| !name.contains('\\')).unwrap_or_default();
    let id = identifier(fields, is_uuid, "must be a lowercase UUID")
        .unwrap_or_else(|| context.uuid(&format!("auditmanager assessment {name}")));
    let compliance_type = optional_text(fields, "compliance_type", 100);
    let status = choice(fields, "status", &["ACTIVE", "INACTIVE"]);
    let inactive_from = context.instant(fields, "inactive_from");
    let created = context.instant(fields, "created");
    let collects_from = context.instant(fields, "collects_from");
    let roles = each(fields, "roles", |fields| {
        let kind = choice(fields, "type", ROLE_TYPES).unwrap_or_else(|| "PROCESS_OWNER".to_owned());
        (kind, fields.required_string("role").unwrap_or_default())
    });
    let delegations = each(fields, "delegations", |fields| delegation(fields, context, &name));
    let domains = each(fields, "domains", |fields| domain(fields, context));
    distinct(fields, "domains", domains.iter().map(|domain| domain.id.clone()), UNIQUE);
    Assessment {
        inactive_from: inactive_from
            .or_else(|| (status.as_deref() == Some("INACTIVE")).then_some(Timestamp::MIN)),
        omit: omit(fields, "omit", METADATA),
        omit_insights: omit(fields, "omit_insights", INSIGHTS),
        dips: each(fields, "dips", |fields| dip(fields, context)),
        id,
        name,
        compliance_type,
        created,
        collects_from,
        roles,
        delegations,
        domains,
    }
}

fn delegation(fields: &mut Fields<'_>, context: &Context, assessment: &str) -> Delegation {
    let control_set = optional_text(fields, "control_set", 300);
    let role = fields.required_string("role").unwrap_or_default();
    let set = control_set.as_deref().unwrap_or_default();
    Delegation {
        id: context.uuid(&format!("auditmanager delegation {assessment}\n{role}\n{set}")),
        status: choice(fields, "status", &["IN_PROGRESS", "UNDER_REVIEW", "COMPLETE"])
            .unwrap_or_else(|| "IN_PROGRESS".to_owned()),
        role_type: choice(fields, "type", ROLE_TYPES).unwrap_or_else(|| "RESOURCE_OWNER".to_owned()),
        comment: optional_text(fields, "comment", 350),
        created_by: created_by(fields),
        created: context.instant(fields, "created"),
        role,
        control_set,
    }
}

fn created_by(fields: &mut Fields<'_>) -> Option<String> {
    let name = optional_text(fields, "created_by", 100)?;
    let allowed = |character: char| {
        character.is_ascii_alphanumeric() || character.is_ascii_whitespace() || "-_()[]".contains(character)
    };
    if !name.chars().all(allowed) {
        fault(fields, "created_by", &name, "must be made of letters, digits, blanks, and -_()[]");
    }
    Some(name)
}

fn domain(fields: &mut Fields<'_>, context: &Context) -> Domain {
    let name = text(fields, "name", 2_048, |_| true).unwrap_or_default();
    let rule = "must be a control catalog domain's ARN, a lowercase UUID, or UNCATEGORIZED";
    let id = identifier(fields, is_domain_id, rule).unwrap_or_else(|| catalog_arn(context.seed, &name));
    let controls = each(fields, "controls", |fields| control(fields, context, &id));
    let names = controls.iter().map(|control| {
        control
            .control_set
            .as_ref()
            .map_or_else(|| control.id.clone(), |set| format!("{} in {set}", control.id))
    });
    distinct(fields, "controls", names, UNIQUE);
    Domain { omit: omit(fields, "omit", DOMAIN), id, name, controls }
}

fn control(fields: &mut Fields<'_>, context: &Context, domain: &str) -> Control {
    let name = text(fields, "name", 2_048, |_| true).unwrap_or_default();
    let id = identifier(fields, is_domain_id, "must be a lowercase UUID")
        .unwrap_or_else(|| context.uuid(&format!("auditmanager control {domain}\n{name}")));
    let every = whole(fields, "every", 1..=366).unwrap_or(1);
    let offset = whole(fields, "offset", -366..=366).unwrap_or(0);
    Control {
        control_set: optional_text(fields, "control_set", 2_048),
        baseline: ["compliant", "noncompliant", "inconclusive"]
            .map(|kind| bounded(fields, kind, MOST).unwrap_or_default()),
        phase: (day_of(context.anchor) + offset).rem_euclid(every),
        dips: each(fields, "dips", |fields| dip(fields, context)),
        corrections: each(fields, "corrections", |fields| correction(fields, context)),
        omit: omit(fields, "omit", CONTROL),
        id,
        name,
        every,
    }
}

fn dip(fields: &mut Fields<'_>, context: &Context) -> Dip {
    let from = context.required_instant(fields, "from").unwrap_or(context.anchor);
    let peak = context.instant(fields, "peak").unwrap_or(from);
    let to = context.instant(fields, "to");
    if peak < from || to.is_some_and(|to| to < peak) {
        fault(fields, "peak", peak, "must lie between from and to");
    }
    let factor = bounded(fields, "factor", MOST);
    if factor.is_none() {
        fields.missing("factor");
    }
    Dip { from, peak, to, factor: factor.unwrap_or(1.0) }
}

fn correction(fields: &mut Fields<'_>, context: &Context) -> Correction {
    Correction {
        day: context.instant(fields, "day").map(day_of),
        after: context.required_instant(fields, "after").unwrap_or(context.anchor),
        added: ["compliant", "noncompliant", "inconclusive"]
            .map(|kind| whole(fields, kind, -1_000_000..=1_000_000).unwrap_or_default()),
        renews: fields.boolean("renews").unwrap_or_default(),
    }
}

fn missing_days(fields: &mut Fields<'_>, context: &Context) -> Vec<i64> {
    let mut days = Vec::new();
    for (path, value) in fields.list("missing_days").unwrap_or_default() {
        // Wrapped in an object, because times are read from members.
        let wrapped = Value::Object([("day".to_owned(), value)].into_iter().collect());
        if let Some(mut element) = Fields::new(wrapped, path, fields.faults()) {
            days.extend(context.instant(&mut element, "day").map(day_of));
        }
    }
    days
}

/// The ARN of the control catalog's domain `name`.
fn catalog_arn(seed: u64, name: &str) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let hash = hash(seed, &format!("auditmanager domain {name}"));
    let digits = hash.iter().take(25).filter_map(|byte| DIGITS.get(usize::from(byte % 36)));
    let id: String = digits.map(|digit| char::from(*digit)).collect();
    format!("arn:aws:controlcatalog:::domain/{id}")
}
