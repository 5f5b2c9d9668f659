//! Tests of missing and unreadable members, and of keys.

use super::tests::{
    ASSESSMENT, CONTROL, DOMAIN, EVERYWHERE, IN_ASSESSMENT, MIDNIGHT, origin, stored, target, time,
};
use super::*;
use insights_shared::validate::validate;
use insights_shared::value::{Map, Value};
use proptest::prelude::*;

#[test]
fn a_count_has_its_own_day_or_that_of_its_parent_and_otherwise_no_record() {
    let target = target();
    let own = DateTime::from_secs(MIDNIGHT);
    let parent = time("2023-11-13T06:00:00Z");
    let within = |updated_at| Within { assessment: Some(ASSESSMENT), updated_at };
    for (own, above, expected) in [
        (Some(own), Some(parent), Some("2023-11-15T00:00:00.000Z")),
        (Some(own), None, Some("2023-11-15T00:00:00.000Z")),
        (None, Some(parent), Some("2023-11-13T06:00:00.000Z")),
        (None, None, None),
    ] {
        let check = |record: Option<Record>| {
            let updated = record.as_ref().map(|record| record.updated_at.unwrap().to_string());
            assert_eq!(updated.as_deref(), expected, "{own:?} {above:?}");
            let days = record.map(|record| (record.key.sk, record.started_at.unwrap().to_string()));
            let day = expected.map(|text| text[..10].to_owned());
            assert_eq!(days, day.map(|day| (day.clone(), format!("{day}T00:00:00.000Z"))));
        };
        let row = ControlDomainInsights::builder().id(DOMAIN).set_last_updated(own).build();
        check(domain(&row, within(above), origin(&target)));
        let in_domain = within(None).domain(DOMAIN, above.map(insights_shared::sdk::date_time).as_ref());
        let row = ControlInsightsMetadataItem::builder().id(CONTROL).set_last_updated(own).build();
        check(control(&row, in_domain, origin(&target)));
        let row =
            ControlInsightsMetadataByAssessmentItem::builder().id(CONTROL).set_last_updated(own).build();
        check(assessment_control(&row, in_domain, origin(&target)));
    }
    // A domain without its own time passes on the time of its parent.
    let row = ControlInsightsMetadataItem::builder().id(CONTROL).build();
    let record = control(&row, within(Some(parent)).domain(DOMAIN, None), origin(&target));
    assert_eq!(record.unwrap().updated_at, Some(parent));
}

#[test]
fn an_account_or_assessment_without_a_day_has_no_record() {
    let target = target();
    let insights = Insights::builder().total_assessment_controls_count(5).active_assessments_count(1).build();
    assert_eq!(account(&insights, origin(&target)), None);
    let insights = InsightsByAssessment::builder().total_assessment_controls_count(5).build();
    let metadata = AssessmentMetadataItem::builder().last_updated(DateTime::from_secs(MIDNIGHT)).build();
    assert_eq!(assessment(ASSESSMENT, &metadata, &insights, origin(&target)), None);
}

#[test]
fn absent_members_stay_absent() {
    let target = target();
    let row = ControlDomainInsights::builder().id(DOMAIN).last_updated(DateTime::from_secs(MIDNIGHT)).build();
    let stored = stored(domain(&row, EVERYWHERE, origin(&target)));
    assert_eq!(stored["measures"], Map::new().into());
    assert_eq!(stored["severity"], "info".into());
    assert_eq!(stored["title"], format!("Control domain {DOMAIN}").into());
    let Value::Map(detail) = &stored["detail"] else { panic!("an object") };
    assert_eq!(detail.keys().collect::<Vec<_>>(), ["id", "last_updated"]);

    let some = EvidenceInsights::builder().noncompliant_evidence_count(3).build();
    let row = ControlInsightsMetadataItem::builder()
        .id(CONTROL)
        .name(" ")
        .evidence_insights(some)
        .last_updated(DateTime::from_secs(MIDNIGHT))
        .build();
    let record = control(&row, EVERYWHERE.domain(DOMAIN, None), origin(&target)).unwrap();
    assert_eq!(record.measures, [("noncompliant".into(), 3_i64.into())]);
    assert_eq!(record.title, Some(format!("Control {CONTROL}")));
}

#[test]
fn a_row_without_an_id_or_with_an_invalid_time_is_rejected() {
    let target = target();
    let violations =
        |record: Option<Record>| validate(record.unwrap(), 2_557).unwrap_err().violations.to_string();
    let row = ControlDomainInsights::builder().last_updated(DateTime::from_secs(MIDNIGHT)).build();
    assert!(violations(domain(&row, EVERYWHERE, origin(&target))).contains("id"));
    let row = ControlInsightsMetadataByAssessmentItem::builder()
        .last_updated(DateTime::from_secs(MIDNIGHT))
        .build();
    let in_domain = IN_ASSESSMENT.domain(DOMAIN, None);
    assert!(violations(assessment_control(&row, in_domain, origin(&target))).contains("id"));
    let row = ControlInsightsMetadataItem::builder()
        .id(CONTROL)
        .last_updated(DateTime::from_secs(i64::MAX))
        .build();
    let known = Within { updated_at: Some(time("2023-11-13T06:00:00Z")), ..EVERYWHERE };
    assert!(violations(control(&row, known.domain(DOMAIN, None), origin(&target))).contains("updated_at"));
}

#[test]
fn an_absent_control_set_differs_from_one_named_like_the_placeholder() {
    let target = target();
    let key = |set: Option<&str>| {
        let row = ControlInsightsMetadataByAssessmentItem::builder()
            .id(CONTROL)
            .set_control_set_name(set.map(str::to_owned))
            .last_updated(DateTime::from_secs(MIDNIGHT))
            .build();
        let record = assessment_control(&row, IN_ASSESSMENT.domain("UNCATEGORIZED", None), origin(&target));
        record.unwrap().key.pk.rsplit_once('#').unwrap().1.to_owned()
    };
    for (set, expected) in
        [(None, "-"), (Some("-"), "%2D"), (Some("IAM #1"), "IAM %231"), (Some("100%"), "100%25")]
    {
        assert_eq!(key(set), expected, "{set:?}");
    }
}

/// Identifiers with characters that have a meaning in keys.
fn identifier() -> impl Strategy<Value = String> {
    "[-#%a]{1,3}|domain|control|account|sha256:[a#]{0,2}|.{1,3}|a{199,202}"
}

proptest! {
    #[test]
    fn different_identifiers_have_different_keys(
        left in (prop::option::of(identifier()), identifier(), prop::option::of((identifier(), prop::option::of(identifier())))),
        right in (prop::option::of(identifier()), identifier(), prop::option::of((identifier(), prop::option::of(identifier())))),
    ) {
        type Ids = (Option<String>, String, Option<(String, Option<String>)>);
        let target = target();
        let key = |(assessment, domain_id, control_ids): &Ids| {
            let within = Within { assessment: assessment.as_deref(), updated_at: Some(time("2023-11-15T00:00:00Z")) };
            let in_domain = within.domain(domain_id, None);
            let record = match (control_ids, assessment) {
                (None, _) => {
                    let row = ControlDomainInsights::builder().id(domain_id).build();
                    domain(&row, within, origin(&target))
                }
                (Some((id, _)), None) => {
                    let row = ControlInsightsMetadataItem::builder().id(id).build();
                    control(&row, in_domain, origin(&target))
                }
                (Some((id, set)), Some(_)) => {
                    let row = ControlInsightsMetadataByAssessmentItem::builder().id(id);
                    assessment_control(&row.set_control_set_name(set.clone()).build(), in_domain, origin(&target))
                }
            };
            record.unwrap().key
        };
        // Over all assessments, a control has no control set.
        let same = |ids: &Ids| match ids {
            (None, domain, Some((id, _))) => (None, domain.clone(), Some((id.clone(), None))),
            other => other.clone(),
        };
        prop_assert_eq!(key(&left) == key(&right), same(&left) == same(&right));
    }
}
