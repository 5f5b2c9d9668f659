//! The effect of each kind of fault on the wire, and its number of calls.

use crate::support::{CLOSED, Ending, Response, auditmanager, cloudtrail, dynamodb, start, sts, xray};
use insights_simulator::{Fault, Simulator};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn with(fault: &str) -> Simulator {
    let fault: Fault = fault.parse().unwrap();
    start(|options| options.faults.push(fault)).await
}

async fn insight(simulator: &Simulator) -> Result<Response, Ending> {
    xray(simulator, "/Insight", &json!({ "InsightId": CLOSED }).to_string()).await
}

async fn events(simulator: &Simulator, token: Option<&Value>) -> Value {
    let mut input = json!({ "InsightId": CLOSED });
    if let Some(token) = token {
        input["NextToken"] = token.clone();
    }
    xray(simulator, "/InsightEvents", &input.to_string()).await.unwrap().json()
}

#[tokio::test]
async fn errors_are_the_services_own() {
    for (kind, xray_error, trail_error, audit_error, sts_error, table_error) in [
        (
            "throttle",
            (429, "ThrottledException"),
            (400, "ThrottlingException"),
            (429, "ThrottlingException"),
            (400, "<Code>Throttling</Code>"),
            (400, "ProvisionedThroughputExceededException"),
        ),
        (
            "error500",
            (500, "InternalFailure"),
            (500, "InternalFailure"),
            (500, "InternalServerException"),
            (500, "<Code>InternalFailure</Code>"),
            (500, "InternalServerError"),
        ),
        (
            "denied",
            (403, "AccessDeniedException"),
            (400, "AccessDeniedException"),
            (403, "AccessDeniedException"),
            (403, "<Code>AccessDenied</Code>"),
            (400, "AccessDeniedException"),
        ),
        (
            "expired",
            (403, "ExpiredTokenException"),
            (400, "ExpiredTokenException"),
            (403, "ExpiredTokenException"),
            (403, "<Code>ExpiredToken</Code>"),
            (400, "ExpiredTokenException"),
        ),
        (
            "clock-skew",
            (403, "InvalidSignatureException"),
            (400, "InvalidSignatureException"),
            (403, "InvalidSignatureException"),
            (403, "<Code>SignatureDoesNotMatch</Code>"),
            (400, "InvalidSignatureException"),
        ),
    ] {
        let simulator = with(&format!("*={kind}:5")).await;
        let check = |response: Response, (status, code): (u16, &str)| {
            let text = format!("{} {}", response.header("x-amzn-errortype"), response.body);
            assert!(response.status == status && text.contains(code), "{kind}: {response:?}");
            response
        };
        check(insight(&simulator).await.unwrap(), xray_error);
        check(cloudtrail(&simulator, "LookupEvents", "{}").await.unwrap(), trail_error);
        check(auditmanager(&simulator, "/insights").await.unwrap(), audit_error);
        check(sts(&simulator, "Action=GetCallerIdentity").await.unwrap(), sts_error);
        let last = check(dynamodb(&simulator, "ListTables", "{}").await.unwrap(), table_error);
        assert!(last.header("date").ends_with("GMT"), "{last:?}");
        assert_eq!(insight(&simulator).await.unwrap().status, 200, "{kind} is used up");
        assert_eq!(simulator.log()[0].fault.as_deref(), Some(kind));
        assert_eq!(simulator.log()[0].throttled, kind == "throttle");
    }
}

#[tokio::test]
async fn html_comes_instead_of_json() {
    let simulator = with("GetInsight=html503:1").await;
    let response = insight(&simulator).await.unwrap();
    assert_eq!((response.status, response.header("content-type")), (503, "text/html"));
    assert!(response.body.starts_with("<html>"));
}

#[tokio::test]
async fn a_reset_is_a_reset_and_the_next_call_is_answered() {
    let simulator = with("GetInsight=reset:1").await;
    assert_eq!(insight(&simulator).await.unwrap_err(), Ending::Reset);
    assert_eq!(insight(&simulator).await.unwrap().status, 200);
    let log = simulator.log();
    assert_eq!((log[0].status, log[0].fault.as_deref()), (None, Some("reset")));
}

#[tokio::test]
async fn a_call_with_a_lost_answer_takes_effect() {
    let simulator = with("CreateTable=lost-answer:1").await;
    assert_eq!(create_table(&simulator).await.unwrap_err(), Ending::Reset);
    let tables = dynamodb(&simulator, "ListTables", "{}").await.unwrap().json();
    assert_eq!(tables, json!({"TableNames": ["things"]}));
}

#[tokio::test]
async fn a_hanging_call_is_never_answered_and_does_not_block_others() {
    let simulator = with("GetInsight=hang:1").await;
    let hanging = insight(&simulator);
    let other = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        insight(&simulator).await
    };
    let (hanging, other) = tokio::join!(hanging, other);
    assert_eq!(hanging.unwrap_err(), Ending::Silence);
    assert_eq!(other.unwrap().status, 200);
    assert_eq!(simulator.counts()["xray:GetInsight"], 2);
}

#[tokio::test]
async fn a_slow_call_is_answered_late() {
    let simulator = with("GetInsight=slow-0.3:1").await;
    let start = Instant::now();
    assert_eq!(insight(&simulator).await.unwrap().status, 200);
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert_eq!(simulator.log()[0].fault.as_deref(), Some("slow-0.3"));
}

#[tokio::test]
async fn a_truncated_body_ends_in_its_middle() {
    let simulator = with("*=truncate").await;
    let whole = { start(|_| {}).await };
    let expected = insight(&whole).await.unwrap().body;
    let response = insight(&simulator).await.unwrap();
    assert_eq!(response.body, expected[..expected.len() / 2]);
    assert!(serde_json::from_str::<Value>(&response.body).is_err());
    let tables = dynamodb(&simulator, "ListTables", "{}").await.unwrap();
    assert!(serde_json::from_str::<Value>(&tables.body).is_err(), "{tables:?}");
}

#[tokio::test]
async fn answers_are_changed_according_to_the_fault() {
    let check = async |kind: &str, expected: Value| {
        let simulator = with(&format!("GetInsight={kind}:1")).await;
        let answer = insight(&simulator).await.unwrap().json();
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(
                answer["Insight"].get(name).unwrap_or(&Value::Null),
                value,
                "{kind}: {name} in {answer}"
            );
        }
        let answer = insight(&simulator).await.unwrap().json();
        assert_eq!(answer["Insight"]["Categories"], json!(["FAULT"]), "{kind} is used up");
    };
    check("wrong-type", json!({"Categories": [7]})).await;
    check("null-in-list", json!({"Categories": ["FAULT", null]})).await;
    check("unknown-enum", json!({"State": "SOMETHING_NEW", "Categories": ["SOMETHING_NEW"]})).await;
    check(
        "missing-members",
        json!({"InsightId": CLOSED, "Categories": null, "EndTime": null, "RootCauseServiceId": null}),
    )
    .await;
}

#[tokio::test]
async fn a_repeated_token_leads_back_to_itself() {
    let simulator = with("GetInsightEvents=repeat-token").await;
    let first = events(&simulator, None).await;
    let second = events(&simulator, Some(&first["NextToken"])).await;
    assert_eq!(second["NextToken"], first["NextToken"]);
    simulator.clear_faults();
    assert_eq!(events(&simulator, Some(&first["NextToken"])).await.get("NextToken"), None);
    simulator.fault("ListTrails=repeat-token".parse().unwrap());
    let single = cloudtrail(&simulator, "ListTrails", "{}").await.unwrap().json();
    assert!(single["NextToken"].is_string(), "{single}");
}

#[tokio::test]
async fn an_empty_page_leads_to_the_page_that_it_replaces() {
    let simulator = with("GetInsightEvents=empty-page:2@1").await;
    let first = events(&simulator, None).await;
    let second = events(&simulator, Some(&first["NextToken"])).await;
    let third = events(&simulator, Some(&second["NextToken"])).await;
    assert_eq!((&second["InsightEvents"], &third["InsightEvents"]), (&json!([]), &json!([])));
    assert!(first["NextToken"] != second["NextToken"] && second["NextToken"] != third["NextToken"]);
    let fourth = events(&simulator, Some(&third["NextToken"])).await;
    assert_eq!((fourth["InsightEvents"].as_array().unwrap().len(), fourth.get("NextToken")), (1, None));
}

async fn create_table(simulator: &Simulator) -> Result<Response, Ending> {
    let input = json!({"TableName": "things", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]});
    dynamodb(simulator, "CreateTable", &input.to_string()).await
}

#[tokio::test]
async fn half_of_a_batch_is_left_unprocessed() {
    let simulator = with("BatchWriteItem=unprocessed:2").await;
    create_table(&simulator).await.unwrap();
    let put = |key: &str| json!({"PutRequest": {"Item": {"pk": {"S": key}}}});
    let write = async |puts: Value| {
        let input = json!({ "RequestItems": puts }).to_string();
        dynamodb(&simulator, "BatchWriteItem", &input).await.unwrap().json()["UnprocessedItems"].clone()
    };
    let left = write(json!({"things": [put("a"), put("b"), put("c")]})).await;
    assert_eq!(left, json!({"things": [put("b"), put("c")]}));
    assert_eq!(write(json!({"things": [put("d")]})).await, json!({"things": [put("d")]}));
    assert_eq!(write(left).await, json!({}));
    simulator.fault("BatchGetItem=unprocessed:1".parse().unwrap());
    let keys = json!([{"pk": {"S": "a"}}, {"pk": {"S": "d"}}]);
    let input = json!({"RequestItems": {"things": {"Keys": keys, "ConsistentRead": true}}}).to_string();
    let answer = dynamodb(&simulator, "BatchGetItem", &input).await.unwrap().json();
    assert_eq!(answer["Responses"], json!({"things": [{"pk": {"S": "a"}}]}));
    let rest = json!({"things": {"Keys": [{"pk": {"S": "d"}}], "ConsistentRead": true}});
    assert_eq!(answer["UnprocessedKeys"], rest);
    let scan =
        dynamodb(&simulator, "Scan", r#"{"TableName": "things", "Select": "COUNT"}"#).await.unwrap().json();
    assert_eq!(scan["Count"], 3);
}

#[tokio::test]
async fn the_simulator_stops_with_calls_in_progress() {
    let simulator = with("GetInsight=hang").await;
    dynamodb(&simulator, "ListTables", "{}").await.unwrap();
    let address = simulator.url().replace("http://", "");
    let hanging = insight(&simulator);
    assert!(tokio::time::timeout(Duration::from_millis(100), hanging).await.is_err());
    tokio::time::timeout(Duration::from_secs(2), simulator.stop()).await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
