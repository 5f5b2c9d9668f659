//! The top level of a scenario file, its places and its times.

use super::*;
use crate::{sts, xray};

fn anchor() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

#[test]
fn the_built_in_scenario_has_no_faults() {
    let scenario = Scenario::built_in(anchor());
    assert!(!scenario.place("123456789012", "eu-west-1").part::<xray::Data>().insights.is_empty());
}

#[test]
fn a_named_place_has_its_own_parts_and_every_other_place_the_default_ones() {
    let text = r#"
seed = 3
account = "111122223333"
[rates]
GetInsight = 2.5
[[sts.roles]]
arn = "arn:aws:iam::111122223333:role/a"
deny = true
[xray]
groups = [{ name = "everywhere" }]
[[place]]
account = "123456789012"
region = "eu-west-1"
xray = { groups = [{ name = "there" }, { name = "also" }] }
[[place]]
region = "us-east-1"
"#;
    let mut scenario = Scenario::parse(text, anchor()).unwrap();
    assert_eq!((scenario.seed, scenario.account.as_str()), (3, "111122223333"));
    let mut rates = Rates::default();
    rates.set("xray:GetInsight".parse().unwrap(), 2.5);
    assert_eq!(scenario.rates, rates);
    let count = |scenario: &Scenario, account: &str, region: &str| {
        let place = scenario.place(account, region);
        assert_eq!(place.part::<sts::Data>().roles.len(), 1, "roles are the same in every place");
        place.part::<xray::Data>().groups.len()
    };
    assert_eq!(count(&scenario, "123456789012", "eu-west-1"), 2);
    assert_eq!(count(&scenario, "123456789012", "us-east-1"), 1);
    assert_eq!(count(&scenario, "111122223333", "us-east-1"), 0);
    scenario.place_mut("123456789012", "eu-north-1").part_mut::<xray::Data>().groups.clear();
    assert_eq!(count(&scenario, "123456789012", "eu-north-1"), 0);
    assert_eq!(count(&scenario, "123456789012", "eu-south-1"), 1);
}

#[test]
fn every_fault_is_reported_with_its_path_and_a_syntax_error_with_its_line() {
    let text = r#"
seed = "x"
account = 12
colour = "red"
rates = { GetInsight = "fast", GetGroups = nan, GetInsigt = 2, "sts:GetGroups" = 1 }
[[sts.roles]]
deny = 1
[[place]]
region = "EU"
[[place]]
region = "eu-west-1"
account = "12"
[[place]]
region = "eu-west-1"
account = "12"
"#;
    let faults = Scenario::parse(text, anchor()).unwrap_err().to_string();
    for expected in [
        "seed is \"x\": must be a whole number",
        "account is 12: must be a string",
        "colour is \"red\": unknown key; known keys are seed, account, rates, xray, cloudtrail, auditmanager, eks, securityhub, sts, place",
        "rates.GetInsight is \"fast\": must be calls a second",
        "rates.GetInsigt is 2: unknown operation \"GetInsigt\"; near matches are xray:GetInsight",
        "rates.sts:GetGroups is 1: unknown operation \"sts:GetGroups\"; near matches are xray:GetGroups",
        "rates.GetGroups is NaN: must be a finite number",
        "sts.roles[0].arn: is required",
        "sts.roles[0].deny is 1: must be true or false",
        "place[0].region is EU: must be a region",
        "place[1].account is 12: must be an account id of 12 digits",
        "place[2] is 12 eu-west-1: is named twice",
    ] {
        assert!(faults.contains(expected), "{expected} not in {faults}");
    }
    let faults = Scenario::parse("seed = 1\nb = [1,\n=", anchor()).unwrap_err();
    assert_eq!(faults.len(), 1);
    assert!(faults.to_string().starts_with("line 3, column 1: "), "{faults}");
}

#[test]
fn instants_are_spans_from_the_anchor_or_rfc_3339() {
    let context = Context { anchor: anchor(), seed: 0 };
    let check = |text: &str, expected: Option<&str>| {
        let expected = expected.map(|text| text.parse::<Timestamp>().unwrap());
        assert_eq!(context.read_instant(text), expected, "{text}");
    };
    check("now", Some("2026-03-01T12:00:00Z"));
    check("-1d 4h", Some("2026-02-28T08:00:00Z"));
    check("+2h", Some("2026-03-01T14:00:00Z"));
    check("-1.5s", Some("2026-03-01T11:59:58.5Z"));
    check("2026-01-01T00:00:00+01:00", Some("2025-12-31T23:00:00Z"));
    check("soon", None);
}

#[test]
fn uuids_are_valid_and_depend_on_seed_and_name() {
    for name in ["a", "b", "c", "d", "e"] {
        assert!(crate::constraint::is_uuid(&uuid(1, name)), "{}", uuid(1, name));
    }
    assert_eq!(uuid(1, "a"), uuid(1, "a"));
    assert!(uuid(1, "a") != uuid(1, "b") && uuid(1, "a") != uuid(2, "a"));
}
