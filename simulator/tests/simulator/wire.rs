//! Each protocol on the wire: answers, errors, signatures, tokens, time, accounts, rates, and the log.

use crate::support::{CLOSED, NOW, at, auditmanager, cloudtrail, dynamodb, send, signed, start, sts, xray};
use insights_shared::time::Clock;
use insights_simulator::Scenario;
use serde_json::json;

#[tokio::test]
async fn x_ray_answers_json_and_names_its_errors_in_a_header() {
    let simulator = start(|_| {}).await;
    let answer = xray(&simulator, "/Insight", &json!({ "InsightId": CLOSED }).to_string()).await.unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let insight = &answer.json()["Insight"];
    assert_eq!(insight["StartTime"], json!(at("2026-03-01T09:00:00Z").seconds()));
    assert_eq!(insight["State"], "CLOSED");
    let error = xray(&simulator, "/Insight", "{}").await.unwrap();
    assert_eq!((error.status, error.header("x-amzn-errortype")), (400, "InvalidRequestException"));
    assert!(error.json()["Message"].as_str().unwrap().contains("'insightId'"), "{error:?}");
    assert_eq!(error.header("x-amzn-requestid").len(), 36);
}

#[tokio::test]
async fn cloudtrail_names_its_errors_in_the_body() {
    let simulator = start(|_| {}).await;
    let error = cloudtrail(&simulator, "LookupEvents", r#"{"MaxResults": 51}"#).await.unwrap();
    assert_eq!((error.status, error.header("content-type")), (400, "application/x-amz-json-1.1"));
    assert_eq!(error.json()["__type"], "InvalidMaxResultsException");
    let unknown = cloudtrail(&simulator, "CreateTrail", "{}").await.unwrap();
    assert_eq!((unknown.status, unknown.json()["__type"].clone()), (400, json!("UnknownOperationException")));
}

#[tokio::test]
async fn audit_manager_reads_paths_and_queries() {
    let simulator = start(|_| {}).await;
    let status = auditmanager(&simulator, "/account/status").await.unwrap();
    assert_eq!((status.status, status.json()), (200, json!({"status": "INACTIVE"})));
    let denied = auditmanager(&simulator, "/insights").await.unwrap();
    assert_eq!((denied.status, denied.header("x-amzn-errortype")), (403, "AccessDeniedException"));
    assert!(
        denied.json()["message"].as_str().unwrap().starts_with("Please complete AWS Audit Manager setup")
    );
    let number = auditmanager(&simulator, "/assessments?maxResults=many").await.unwrap();
    assert_eq!((number.status, number.header("x-amzn-errortype")), (400, "SerializationException"));
}

#[tokio::test]
async fn wrong_types_and_broken_bodies_are_serialization_errors() {
    let simulator = start(|_| {}).await;
    for body in [r#"{"InsightId": 7}"#, "{", "[]", r#""text""#] {
        let error = xray(&simulator, "/Insight", body).await.unwrap();
        assert_eq!(
            (error.status, error.header("x-amzn-errortype")),
            (400, "SerializationException"),
            "{body}"
        );
    }
    let null = xray(&simulator, "/Insight", r#"{"InsightId": null, "Unheard": 1}"#).await.unwrap();
    assert_eq!(null.header("x-amzn-errortype"), "InvalidRequestException");
}

#[tokio::test]
async fn a_request_must_be_signed_for_its_service() {
    let simulator = start(|_| {}).await;
    let check = async |headers: &[(String, String)], status: u16, code: &str| {
        let answer = send(&simulator, "POST /Groups", headers, "{}").await.unwrap();
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (status, code), "{headers:?}");
    };
    check(&[], 403, "MissingAuthenticationTokenException").await;
    check(&[("Authorization".into(), "Basic x".into())], 403, "IncompleteSignatureException").await;
    check(&[signed("AKID", "eu-west-1", "s3")], 403, "InvalidSignatureException").await;
    check(&[signed("ASIASIM111122223333X", "eu-west-1", "xray")], 403, "UnrecognizedClientException").await;
    check(&[signed("AKID", "eu-west-1", "xray")], 200, "").await;
    let lookup = [("X-Amz-Target".to_owned(), "CloudTrail_20131101.LookupEvents".to_owned())];
    let error = send(&simulator, "POST /", &lookup, "{}").await.unwrap();
    assert_eq!(
        (error.status, error.json()["__type"].clone()),
        (400, json!("MissingAuthenticationTokenException"))
    );
    let error = send(&simulator, "POST /", &[], "Action=GetCallerIdentity").await.unwrap();
    assert_eq!(error.status, 403);
    assert!(error.body.contains("<Code>MissingAuthenticationToken</Code>"), "{error:?}");
    let nowhere =
        send(&simulator, "POST /Nowhere", &[signed("AKID", "eu-west-1", "xray")], "{}").await.unwrap();
    assert_eq!((nowhere.status, nowhere.header("x-amzn-errortype")), (404, "UnknownOperationException"));
    let greeting = send(&simulator, "GET /", &[], "").await.unwrap();
    assert_eq!((greeting.status, greeting.body.starts_with("insights simulator: xray, ")), (200, true));
    assert!(greeting.body.contains("\nsts: GetCallerIdentity, AssumeRole\n"), "{greeting:?}");
}

#[tokio::test]
async fn pages_follow_their_tokens_which_are_bound_to_the_parameters() {
    let simulator = start(|_| {}).await;
    let first = xray(&simulator, "/Groups", "").await.unwrap().json();
    assert_eq!(first["Groups"].as_array().unwrap().len(), 2);
    let next = json!({ "NextToken": first["NextToken"] }).to_string();
    let last = xray(&simulator, "/Groups", &next).await.unwrap().json();
    assert_eq!((last["Groups"].as_array().unwrap().len(), last.get("NextToken")), (1, None));
    let elsewhere = [signed("AKID", "us-east-1", "xray")];
    let error = send(&simulator, "POST /Groups", &elsewhere, &next).await.unwrap();
    assert_eq!((error.status, error.header("x-amzn-errortype")), (400, "InvalidRequestException"));
}

#[tokio::test]
async fn the_answers_follow_the_clock() {
    let simulator = start(|_| {}).await;
    let state = async || {
        let answer = xray(&simulator, "/Insight", &json!({ "InsightId": CLOSED }).to_string()).await.unwrap();
        answer.json()["Insight"]["State"].clone()
    };
    assert_eq!(state().await, "CLOSED");
    simulator.set_clock(Clock::Fixed(at("2026-03-01T09:30:00Z")));
    assert_eq!(state().await, "ACTIVE");
    simulator.set_clock(Clock::Fixed(at("2026-03-01T08:30:00Z")));
    assert_eq!(state().await, json!(null));
}

#[tokio::test]
async fn sts_issues_keys_of_the_account_of_the_role() {
    let simulator = start(|_| {}).await;
    simulator.change(|scenario| {
        let place = scenario.place_mut("111122223333", "eu-west-1");
        place.part_mut::<insights_simulator::xray::Data>().groups.truncate(1);
    });
    let identity = sts(&simulator, "Action=GetCallerIdentity&Version=2011-06-15").await.unwrap();
    assert_eq!((identity.status, identity.header("content-type")), (200, "text/xml"));
    assert_eq!(element(&identity.body, "Account"), "123456789012");
    let form =
        "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Freader&RoleSessionName=me";
    let session = sts(&simulator, form).await.unwrap().body;
    assert_eq!(element(&session, "Arn"), "arn:aws:sts::111122223333:assumed-role/reader/me");
    assert!(element(&session, "Expiration").ends_with('Z'));
    let token = ("X-Amz-Security-Token".to_owned(), element(&session, "SessionToken"));
    let key = element(&session, "AccessKeyId");
    assert_eq!(key.len(), 20);
    let headers = [signed(&key, "eu-west-1", "xray"), token.clone()];
    let groups = send(&simulator, "POST /Groups", &headers, "").await.unwrap().json();
    assert_eq!(groups["Groups"].as_array().unwrap().len(), 1);
    assert!(groups["Groups"][0]["GroupARN"].as_str().unwrap().contains(":111122223333:"));
    let headers = [signed(&key, "us-east-1", "sts"), token.clone()];
    let identity = send(&simulator, "POST /", &headers, "Action=GetCallerIdentity").await.unwrap().body;
    assert_eq!(element(&identity, "Arn"), "arn:aws:sts::111122223333:assumed-role/reader/me");
    let chained = format!("{form}&DurationSeconds=7200");
    let error = send(&simulator, "POST /", &headers, &chained).await.unwrap();
    assert!(error.body.contains("role chaining"), "{error:?}");
    let other = signed(&key.replace("111122223333", "123456789012"), "eu-west-1", "xray");
    let error = send(&simulator, "POST /Groups", &[other, token], "").await.unwrap();
    assert_eq!(error.header("x-amzn-errortype"), "UnrecognizedClientException");
}

#[tokio::test]
async fn sts_rejects_what_aws_rejects() {
    let simulator = start(|_| {}).await;
    let check = async |form: &str, status: u16, code: &str, message: &str| {
        let answer = sts(&simulator, &format!("Action=AssumeRole{form}")).await.unwrap();
        assert_eq!((answer.status, element(&answer.body, "Code").as_str()), (status, code), "{form}");
        assert!(element(&answer.body, "Message").contains(message), "{answer:?}");
    };
    let role = "&RoleArn=arn:aws:iam::111122223333:role/";
    let name = "&RoleSessionName=me";
    check("", 400, "ValidationError", "2 validation errors detected: Value null at 'roleArn'").await;
    check(&format!("{role}a&RoleSessionName=m"), 400, "ValidationError", "greater than or equal to 2").await;
    check(&format!("{role}a&RoleSessionName=me/you"), 400, "ValidationError", "regular expression").await;
    check(&format!("&RoleArn=arn:aws:iam::111122223333:user/a{name}"), 400, "ValidationError", "is invalid")
        .await;
    check(&format!("{role}a{name}&DurationSeconds=899"), 400, "ValidationError", "equal to 900").await;
    check(&format!("{role}a{name}&DurationSeconds=long"), 400, "MalformedInput", "DurationSeconds").await;
    check(&format!("{role}a{name}&ExternalId=x"), 400, "ValidationError", "equal to 2").await;
    check(&format!("{role}refused{name}"), 403, "AccessDenied", "sts:AssumeRole on resource").await;
    check(&format!("{role}guarded{name}"), 403, "AccessDenied", "not authorized").await;
    check(&format!("{role}guarded{name}&ExternalId=wrong"), 403, "AccessDenied", "not authorized").await;
    let granted =
        sts(&simulator, &format!("Action=AssumeRole{role}guarded{name}&ExternalId=sesame")).await.unwrap();
    assert_eq!(granted.status, 200);
    let unknown = sts(&simulator, "Action=GetSessionToken").await.unwrap();
    assert_eq!((unknown.status, element(&unknown.body, "Code").as_str()), (400, "InvalidAction"));
}

#[tokio::test]
async fn rates_hold_by_operation_and_region_when_they_are_enforced() {
    let simulator = start(|options| {
        options.enforce_rates = true;
        options.scenario.rates.set("GetGroups".parse().unwrap(), 1.0);
    })
    .await;
    let answer = xray(&simulator, "/Groups", "").await.unwrap();
    assert_eq!(answer.status, 200);
    let answer = xray(&simulator, "/Groups", "").await.unwrap();
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (429, "ThrottledException"));
    let elsewhere = [signed("AKID", "us-east-1", "xray")];
    assert_eq!(send(&simulator, "POST /Groups", &elsewhere, "").await.unwrap().status, 200);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let answer = cloudtrail(&simulator, "LookupEvents", r#"{"EventCategory": "insight"}"#).await.unwrap();
        statuses.push((answer.status, answer.body.contains("ThrottlingException")));
    }
    assert_eq!(statuses, [(200, false), (200, false), (400, true)]);
    let throttled: Vec<bool> = simulator.log().iter().map(|call| call.throttled).collect();
    assert_eq!(throttled, [false, true, false, false, false, true]);
}

#[tokio::test]
async fn every_call_is_logged_and_counted() {
    let simulator = start(|_| {}).await;
    xray(&simulator, "/Insight", r#"{"InsightId": "x"}"#).await.unwrap();
    dynamodb(&simulator, "ListTables", "{}").await.unwrap();
    send(&simulator, "POST /Groups", &[], "").await.unwrap();
    let log = simulator.log();
    let first = &log[0];
    assert_eq!((first.service.as_str(), first.operation.as_str()), ("xray", "GetInsight"));
    assert_eq!((first.account.as_str(), first.region.as_str()), ("123456789012", "eu-west-1"));
    assert_eq!((first.status, first.error.as_deref()), (Some(400), Some("InvalidRequestException")));
    assert_eq!((first.input["InsightId"].clone(), first.time), (json!("x"), at(NOW)));
    assert_eq!((log[1].service.as_str(), log[1].operation.as_str()), ("dynamodb", "ListTables"));
    assert_eq!(log[2].error.as_deref(), Some("MissingAuthenticationTokenException"));
    let counts = simulator.counts();
    assert_eq!(counts.get("xray:GetInsight"), Some(&1));
    for (operations, calls) in
        [("GetInsight", 1), ("xray:*", 2), ("dynamodb:*", 1), ("*", 3), ("GetGroup", 0)]
    {
        assert_eq!(simulator.calls(operations.parse().unwrap()), calls, "{operations}");
    }
    simulator.clear_log();
    assert!(simulator.log().is_empty() && simulator.counts().is_empty());
}

#[tokio::test]
async fn the_built_in_scenario_answers_and_depends_on_the_seed_alone() {
    let ids = async |seed: Option<u64>| {
        let scenario = Scenario::parse_seeded(insights_simulator::scenario::BUILT_IN, at(NOW), seed);
        let simulator = start(|options| options.scenario = scenario.unwrap()).await;
        let frame = json!({"GroupName": "checkout", "StartTime": at(NOW).seconds() - 30 * 86_400,
            "EndTime": at(NOW).seconds()});
        let answer = xray(&simulator, "/InsightSummaries", &frame.to_string()).await.unwrap().json();
        let summaries = answer["InsightSummaries"].as_array().unwrap().clone();
        summaries.iter().map(|summary| summary["InsightId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = ids(None).await;
    assert_eq!(first.len(), 5);
    assert_eq!(first, ids(None).await);
    assert_ne!(first, ids(Some(8)).await);
}

fn element(xml: &str, name: &str) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let inside =
        xml.split_once(&open).and_then(|(_, rest)| rest.split_once(&close)).map(|(inside, _)| inside);
    inside.unwrap_or_else(|| panic!("no {name} in {xml}")).to_owned()
}
