use super::*;
use insights_shared::value::Value;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn stored(json: &str) -> Stored {
    let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object: {json}") };
    Stored(map)
}

/// An insight that began so many minutes after noon, and ended so many minutes after that.
#[derive(Clone, Debug)]
struct Sample {
    id: String,
    source: &'static str,
    account: &'static str,
    entity: &'static str,
    start: i64,
    lasted: Option<i64>,
    detail: &'static str,
    graph: Option<&'static str>,
}

fn sample(source: &'static str, entity: &'static str, start: i64, lasted: Option<i64>) -> Sample {
    let id = format!("{entity}-{start}");
    Sample { id, source, account: "123456789012", entity, start, lasted, detail: "{}", graph: None }
}

fn noon(minutes: i64) -> Timestamp {
    "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap().plus_seconds(minutes * 60)
}

impl Sample {
    fn occurrence(&self) -> Occurrence {
        let Self { id, source, account, entity, start, .. } = self;
        let detail = match (*source, self.detail) {
            ("cloudtrail", "{}") => format!(
                r#"{{"start":{{"insight_details":{{"event_source":"{entity}","event_name":"GetSecretValue",
                    "insight_type":"ApiErrorRateInsight","error_code":"AccessDenied"}}}}}}"#
            ),
            (_, detail) => detail.to_owned(),
        };
        let ended =
            self.lasted.map_or(String::new(), |lasted| format!(r#","ended_at":"{}""#, noon(start + lasted)));
        let title = match *source {
            "xray" => format!("Faults in {entity}"),
            _ => format!("GetSecretValue on {entity}: AccessDenied error rate 0.8 a minute, baseline 0.0006"),
        };
        let insight = stored(&format!(
            r#"{{"pk":"{source}#{account}#eu-west-1#{id}","sk":"insight","kind":"{source}.insight","source":"{source}",
                "account_id":"{account}","region":"eu-west-1","id":"{id}","entity":"{entity}","title":"{title}",
                "severity":"high","started_at":"{}","detail":{detail}{ended}}}"#,
            noon(*start)
        ));
        let graph = self.graph.map(|services| stored(&format!(r#"{{"detail":{{"services":{services}}}}}"#)));
        Occurrence::new(insight, &graph.iter().collect::<Vec<_>>()).unwrap()
    }
}

/// The entities of each incident.
fn grouped(samples: &[Sample]) -> Vec<Vec<String>> {
    let incidents = incidents(samples.iter().map(Sample::occurrence).collect());
    let id = |member: &Member| member.occurrence.insight.text("id").unwrap().to_owned();
    incidents.iter().map(|incident| incident.members().iter().map(id).collect()).collect()
}

const SECRET: &str = "secretsmanager.amazonaws.com";

#[test]
fn an_insight_within_fifteen_minutes_of_the_lead_joins() {
    let lead = sample("cloudtrail", SECRET, 0, None);
    for (start, together) in [(0, true), (4, true), (15, true), (16, false), (-16, false), (-15, true)] {
        let other = sample("xray", "payments", start, None);
        let groups = grouped(&[lead.clone(), other]);
        assert_eq!(groups.len() == 1, together, "{start} minutes: {groups:?}");
    }
}

#[test]
fn neither_accounts_nor_regions_are_mixed() {
    let here = sample("xray", "payments", 0, None);
    let there = Sample { account: "111122223333", ..sample("xray", "payments", 1, None) };
    assert_eq!(grouped(&[here, there]).len(), 2);
}

#[test]
fn an_insight_with_something_in_common_joins_within_two_hours() {
    let graph = r#"[{"name":"payments"},{"name":"orders","type":"AWS::DynamoDB::Table"}]"#;
    let checkout = |start, lasted| Sample { graph: Some(graph), ..sample("xray", "checkout", start, lasted) };
    let who = |name: &str, before: &str| -> &'static str {
        let attributions = format!(
            r#"{{"end":{{"insight_details":{{"insight_context":{{"attributions":[
                {{"attribute":"userIdentityArn","insight":[{{"value":"{name}","average":1}}],"baseline":[{before}]}},
                {{"attribute":"userAgent","insight":[{{"value":"arn:no-caller"}}]}}]}}}}}}}}"#
        );
        Box::leak(attributions.into_boxed_str())
    };
    let ci = "arn:aws:iam::123456789012:user/ci";
    let by = |name, before, sample: Sample| Sample { detail: who(name, before), ..sample };
    let iam = || sample("cloudtrail", "iam.amazonaws.com", 70, Some(20));
    let ec2 = || sample("cloudtrail", "ec2.amazonaws.com", 0, Some(50));
    let usual = r#"{"value":"arn:aws:iam::123456789012:user/ci","average":1}"#;
    for (name, first, second, together) in [
        (
            "the same service",
            sample("xray", "payments", 0, None),
            sample("xray", "payments", 120, None),
            true,
        ),
        ("… later still", sample("xray", "payments", 0, None), sample("xray", "payments", 121, None), false),
        (
            "… ended long ago",
            sample("xray", "payments", 0, Some(29)),
            sample("xray", "payments", 60, None),
            false,
        ),
        (
            "… ended just before",
            sample("xray", "payments", 0, Some(30)),
            sample("xray", "payments", 60, None),
            true,
        ),
        ("another service", sample("xray", "payments", 0, None), sample("xray", "search", 60, None), false),
        ("one in the graph", checkout(0, None), sample("xray", "payments", 60, None), true),
        ("the graph comes later", sample("xray", "Payments", 0, None), checkout(60, None), true),
        (
            "a type in the graph",
            checkout(0, None),
            sample("cloudtrail", "dynamodb.amazonaws.com", 60, None),
            true,
        ),
        (
            "another event source",
            checkout(0, None),
            sample("cloudtrail", "sqs.amazonaws.com", 60, None),
            false,
        ),
        ("the same caller", by(ci, "", ec2()), by(ci, "", iam()), true),
        ("a caller as usual", by(ci, usual, ec2()), by(ci, "", iam()), false),
        (
            "AWS itself",
            by("autoscaling.amazonaws.com", "", ec2()),
            by("autoscaling.amazonaws.com", "", iam()),
            false,
        ),
    ] {
        let groups = grouped(&[first, second]);
        assert_eq!(groups.len() == 1, together, "{name}: {groups:?}");
    }
}

#[test]
fn a_chain_never_reaches_further_than_two_hours_from_its_lead() {
    // Every quarter of an hour for a day, each sharing the service with the one before.
    let chain: Vec<Sample> = (0..96).map(|index| sample("xray", "payments", index * 15, Some(15))).collect();
    let groups = grouped(&chain);
    assert!(groups.iter().all(|group| group.len() <= 9), "{groups:?}");
    assert_eq!(groups.len(), 11);
    // And what has nothing in common is not pulled in by what has.
    let mixed = [
        sample("xray", "payments", 0, None),
        sample("xray", "payments", 20, None),
        sample("xray", "search", 30, None),
    ];
    assert_eq!(grouped(&mixed), [vec!["payments-0", "payments-20"], vec!["search-30"]]);
}

#[test]
fn common_properties_take_precedence_over_the_start_time() {
    let groups = grouped(&[
        sample("xray", "payments", 0, None),
        sample("cloudtrail", SECRET, 20, None),
        sample("xray", "payments", 25, None),
    ]);
    assert_eq!(groups, [vec!["payments-0", "payments-25"], vec!["secretsmanager.amazonaws.com-20"]]);
}

#[test]
fn an_incident_is_described_in_a_sentence() {
    let graph = r#"[{"name":"payments"},{"name":"vault","type":"AWS::SecretsManager"}]"#;
    let payments = |start| Sample { graph: Some(graph), ..sample("xray", "payments", start, None) };
    let secret = |start| sample("cloudtrail", SECRET, start, None);
    let alone = "GetSecretValue on secretsmanager.amazonaws.com (AccessDenied error rate)";
    let check = |samples: &[Sample], expected: &str| {
        let incidents = incidents(samples.iter().map(Sample::occurrence).collect());
        assert_eq!(incidents[0].sentence(), expected);
    };
    check(&[secret(0)], &format!("{alone}."));
    check(
        &[payments(4), secret(0)],
        &format!("{alone} began 4 minutes before faults in payments; they share secretsmanager."),
    );
    check(
        &[secret(0), sample("xray", "search", 0, None)],
        &format!("{alone} began together with faults in search."),
    );
    let many: Vec<Sample> = ["a", "b", "c", "d"]
        .into_iter()
        .zip([1, 2, 3, 14])
        .map(|(name, start)| sample("xray", name, start, None))
        .collect();
    check(
        &[&many[..], &[secret(0)]].concat(),
        &format!(
            "{alone} began 1 minute before faults in a and 2 minutes before faults in b; 2 more followed within 14 minutes."
        ),
    );
    check(
        &[
            sample("xray", "payments", 0, None),
            sample("xray", "search", 5, None),
            sample("xray", "search", 10, None),
            sample("xray", "payments", 15, None),
            sample("xray", "payments", 20, None),
        ],
        "faults in payments began 5 minutes before faults in search and 10 minutes before faults in search; \
         2 more followed within 20 minutes; in common are search and payments.",
    );
    check(
        &[sample("xray", "payments", 0, None), sample("xray", "payments", 90, None)],
        "faults in payments began 1 hour 30 minutes before faults in payments; they share payments.",
    );
}

#[test]
fn an_incident_has_the_worst_severity_and_is_open_while_a_member_is() {
    let both = [sample("xray", "payments", 0, Some(10)), sample("xray", "payments", 5, Some(60))];
    let closed = incidents(both.iter().map(Sample::occurrence).collect());
    assert_eq!((closed[0].started_at(), closed[0].ended_at()), (noon(0), Some(noon(65))));
    assert_eq!(closed[0].severity(), Severity::High);
    assert!(closed[0].is_correlated() && closed[0].holds("xray#123456789012#eu-west-1#payments-5"));
    let open = [sample("xray", "payments", 0, Some(10)), sample("xray", "payments", 5, None)];
    let mut all = incidents(
        open.iter().chain([&sample("xray", "search", 600, Some(1))]).map(Sample::occurrence).collect(),
    );
    assert_eq!(all[0].ended_at(), None);
    worst_first(&mut all);
    assert_eq!(all[0].started_at(), noon(0), "what is open comes first");
}

#[test]
fn only_insights_near_others_are_read_completely() {
    let samples = [
        sample("xray", "a", 0, None),
        sample("xray", "b", 120, None),
        sample("xray", "c", 241, None),
        Sample { account: "111122223333", ..sample("xray", "d", 1, None) },
    ];
    let insights: Vec<Stored> = samples.iter().map(|sample| sample.occurrence().insight).collect();
    let worth: Vec<&str> = worth_reading(&insights).iter().filter_map(|insight| insight.text("id")).collect();
    assert_eq!(worth, ["a-0", "b-120"]);
}

#[test]
fn only_insights_are_in_incidents() {
    let snapshot = stored(r#"{"kind":"auditmanager.insights","started_at":"2026-03-01T12:00:00.000Z"}"#);
    assert_eq!(Occurrence::new(snapshot, &[]), None);
    assert_eq!(incidents(Vec::new()), []);
}

fn any_sample() -> impl Strategy<Value = Sample> {
    let entities = prop::sample::select(vec!["payments", "checkout", SECRET, "dynamodb.amazonaws.com"]);
    let accounts = prop::sample::select(vec!["123456789012", "111122223333"]);
    let graphs =
        prop::sample::select(vec![None, Some(r#"[{"name":"payments","type":"AWS::DynamoDB::Table"}]"#)]);
    let lasted = prop::option::of(0..200_i64);
    (entities, accounts, 0..600_i64, lasted, graphs, any::<u16>()).prop_map(
        |(entity, account, start, lasted, graph, id)| {
            let source = if entity.contains('.') { "cloudtrail" } else { "xray" };
            Sample { account, graph, id: id.to_string(), ..sample(source, entity, start, lasted) }
        },
    )
}

proptest! {
    #[test]
    fn the_order_of_the_insights_does_not_matter(
        (samples, shuffled) in prop::collection::vec(any_sample(), 0..24)
            .prop_map(|samples| {
                // Two of one key would be one record.
                let mut keys = BTreeSet::new();
                samples.into_iter().filter(|sample| keys.insert((sample.source, sample.account, sample.id.clone()))).collect::<Vec<_>>()
            })
            .prop_flat_map(|samples| (Just(samples.clone()), Just(samples).prop_shuffle()))
    ) {
        let count = samples.len();
        let straight = incidents(samples.iter().map(Sample::occurrence).collect());
        let other = incidents(shuffled.iter().map(Sample::occurrence).collect());
        prop_assert_eq!(&straight, &other);
        prop_assert_eq!(straight.iter().map(|incident| incident.members().len()).sum::<usize>(), count);
        for incident in &straight {
            for member in incident.members() {
                prop_assert!((0..=REACH).contains(&member.after));
                prop_assert!(incident.lead().is_at_same_place(&member.occurrence));
                prop_assert_eq!(member.reason.is_none(), member.after == 0 && member.occurrence == *incident.lead());
            }
        }
    }
}
