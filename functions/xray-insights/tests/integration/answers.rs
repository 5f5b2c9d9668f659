//! Responses of X-Ray, STS and the table that are denials, throttling, wrong clocks or invalid.

use super::{ALL, ONE_AT_A_TIME, insight, issues, run, state, story, text};
use insights_shared::invocation::InvocationError;
use insights_tests::intercept::{replacing, response};
use insights_tests::{Lab, Table};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use xray_insights::XrayInsights;

const ROLE_TARGET: &str = r#"{"targets":[{"account_id":"111122223333",
    "role_arn":"arn:aws:iam::111122223333:role/insights-reader"}]}"#;

/// A response that replaces every response to an operation.
#[derive(Clone, Copy, Debug)]
struct Instead {
    operation: &'static str,
    status: u16,
    header: Option<(&'static str, &'static str)>,
    body: &'static str,
}

impl Instead {
    const fn of(operation: &'static str, status: u16, body: &'static str) -> Self {
        Self { operation, status, header: None, body }
    }

    const fn typed(operation: &'static str, status: u16, code: &'static str, body: &'static str) -> Self {
        Self { operation, status, header: Some(("x-amzn-errortype", code)), body }
    }

    async fn run(self, lab: &Lab, payload: &str) -> Result<Value, InvocationError> {
        let sdk = replacing(&lab.sdk(), move |operation, before| {
            if operation == self.operation {
                response(&before, self.status, self.header, self.body)
            } else {
                before
            }
        });
        let variables = [ONE_AT_A_TIME, ("NOT_ENABLED_RECHECK_HOURS", "0")];
        lab.function_with::<XrayInsights>(&sdk, &variables).unwrap().invoke(payload).await
    }
}

const MESSAGE: &str = r#"{"message":"x"}"#;

/// Errors with the error type of the invocation and the code of the issue.
const ERRORS: [(Instead, &str, &str); 23] = [
    (
        Instead::typed("GetGroups", 403, "SubscriptionRequiredException", MESSAGE),
        "Source.Denied",
        "SubscriptionRequiredException",
    ),
    (Instead::typed("GetGroups", 401, "AuthFailure", MESSAGE), "Source.Denied", "AuthFailure"),
    (
        Instead::typed("GetGroups", 401, "UnauthorizedException", MESSAGE),
        "Source.Denied",
        "UnauthorizedException",
    ),
    (Instead::typed("GetGroups", 403, "OptInRequired", MESSAGE), "Source.Denied", "OptInRequired"),
    (
        Instead::typed("GetGroups", 403, "SomethingNewException:http://x", MESSAGE),
        "Source.Denied",
        "SomethingNewException",
    ),
    (
        Instead::of("GetGroups", 403, r#"{"__type":"a.b#BlockedException"}"#),
        "Source.Denied",
        "BlockedException",
    ),
    (Instead::of("GetGroups", 401, r#"{"message":"Unauthorized"}"#), "Source.Denied", "Response.Malformed"),
    (Instead::of("GetGroups", 403, "<html>Forbidden</html>"), "Source.Denied", "Response.Malformed"),
    (Instead::of("GetGroups", 403, ""), "Source.Denied", "Response.Malformed"),
    (
        Instead::typed(
            "GetGroups",
            403,
            "InvalidSignatureException",
            r#"{"message":"The request signature we calculated does not match"}"#,
        ),
        "Source.Denied",
        "InvalidSignatureException",
    ),
    (
        Instead::typed("GetGroups", 403, "ThrottlingException", MESSAGE),
        "Source.Throttled",
        "ThrottlingException",
    ),
    (
        Instead::typed("GetGroups", 429, "SomethingNewException", MESSAGE),
        "Source.Throttled",
        "SomethingNewException",
    ),
    (Instead::typed("GetGroups", 403, "RequestTimeTooSkewed", MESSAGE), "Source.Unavailable", "Clock.Skewed"),
    (Instead::typed("GetGroups", 401, "RequestExpired", MESSAGE), "Source.Unavailable", "Clock.Skewed"),
    (
        Instead::typed(
            "GetGroups",
            403,
            "InvalidSignatureException",
            r#"{"message":"Signature expired: 20260301T1100Z is now earlier than 20260301T1155Z"}"#,
        ),
        "Source.Unavailable",
        "Clock.Skewed",
    ),
    (
        Instead::typed("GetGroups", 404, "SomethingNewException", MESSAGE),
        "Source.Unavailable",
        "SomethingNewException",
    ),
    (
        Instead::of(
            "AssumeRole",
            403,
            "<ErrorResponse><Error><Code>RegionDisabledException</Code><Message>x</Message></Error></ErrorResponse>",
        ),
        "Source.Denied",
        "RegionDisabledException",
    ),
    (
        Instead::of(
            "AssumeRole",
            403,
            "<ErrorResponse><Error><Code>SomethingNew</Code></Error></ErrorResponse>",
        ),
        "Source.Denied",
        "SomethingNew",
    ),
    (Instead::of("AssumeRole", 401, ""), "Source.Denied", "Response.Malformed"),
    (
        Instead::of(
            "AssumeRole",
            403,
            "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>",
        ),
        "Source.Throttled",
        "Throttling",
    ),
    (
        Instead::of(
            "AssumeRole",
            403,
            "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Signature expired: x</Message></Error></ErrorResponse>",
        ),
        "Source.Unavailable",
        "Clock.Skewed",
    ),
    (
        Instead::of("BatchGetItem", 403, r#"{"__type":"SomethingNew","message":"x"}"#),
        "Table.Unavailable",
        "SomethingNew",
    ),
    (Instead::of("BatchGetItem", 403, ""), "Table.Unavailable", "Response.Malformed"),
];

#[tokio::test]
async fn status_401_or_403_is_a_denial_unless_the_code_is_about_throttling_or_clocks() {
    for (instead, error_type, code) in ERRORS {
        let lab = story().await;
        let payload = if instead.operation == "AssumeRole" { ROLE_TARGET } else { "{}" };
        let error = instead.run(&lab, payload).await.unwrap_err();
        assert_eq!(error.error_type, error_type, "{instead:?}: {error}");
        assert!(error.message.contains(&format!("{code}: ")), "{instead:?}: {error}");
    }
}

/// Invalid bodies with a success status.
const NO_ANSWERS: [(u16, &str); 12] = [
    (200, ""),
    (204, ""),
    (200, "null"),
    (200, "[]"),
    (200, "\"ok\""),
    (202, "7"),
    (200, "<html>Sign in</html>"),
    (200, "{\"Groups\":[{\"GroupName\":\"sh"),
    (200, "{\"__type\":\"InternalFailure\",\"message\":\"x\"}"),
    (200, "{\"message\":\"Internal server error\"}"),
    (200, "{\"Groups\":[],\"InsightSummaries\":[],\"__type\":\"x\"}"),
    (201, "{\"error\":{\"code\":\"x\"}}"),
];

#[tokio::test]
async fn a_success_response_without_a_valid_body_is_malformed_and_keeps_the_watermark() {
    let lab = story().await;
    run(&lab).await;
    let before = lab.table().await;
    let watermark = text(&state(&lab).await.unwrap(), "watermark").map(str::to_owned);
    // By then one of the insights has changed, so that each operation is called.
    lab.advance(30 * 60);
    for (index, operation) in super::OPERATIONS.into_iter().enumerate() {
        // One operation gets all of them, and each of the others some.
        for (status, body) in NO_ANSWERS.into_iter().skip(index).step_by(if index == 0 { 1 } else { 4 }) {
            let what = format!("{operation} {status} {body}");
            let response = Instead::of(operation, status, body).run(&lab, "{}").await;
            let code = match &response {
                Ok(response) => {
                    assert_eq!(response["status"], "partial", "{what}: {response}");
                    issues(response)[0].2.to_owned()
                }
                Err(error) => {
                    assert_eq!(error.error_type, "Source.Unavailable", "{what}: {error}");
                    let has_code = error.message.contains("Response.Malformed: ");
                    if has_code { "Response.Malformed".to_owned() } else { error.message.clone() }
                }
            };
            assert_eq!(code, "Response.Malformed", "{what}");
            let after = lab.table().await;
            let state = after.get("run#xray#123456789012#eu-west-1", "state").unwrap();
            assert_eq!(text(state, "watermark"), watermark.as_deref(), "{what}");
            assert_same_insights(&before, &after, &what);
        }
    }
    run(&lab).await;
    assert_ne!(text(&state(&lab).await.unwrap(), "watermark"), watermark.as_deref());
}

/// No stored insight was closed.
fn assert_same_insights(before: &Table, after: &Table, what: &str) {
    for id in ALL {
        assert_eq!(text(insight(after, id), "status"), text(insight(before, id), "status"), "{what}: {id}");
    }
}

#[tokio::test]
async fn an_answer_without_members_is_an_answer() {
    let lab = story().await;
    let response = Instead::of("GetGroups", 200, "{}").run(&lab, "{}").await.unwrap();
    assert_eq!(response["status"], "not_enabled", "{response}");
    let response = Instead::of("GetGroups", 200, " {\"Groups\":[],\"AddedLater\":1}\n").run(&lab, "{}").await;
    assert_eq!(response.unwrap()["status"], "not_enabled");
}

#[tokio::test]
async fn writes_without_confirmation_do_not_count_as_written() {
    for (operation, body, error_type) in [
        ("BatchGetItem", "", Some("Table.Unavailable")),
        ("BatchGetItem", "{}", Some("Table.Unavailable")),
        ("BatchGetItem", r#"{"Responses":{"another":[]},"UnprocessedKeys":{}}"#, Some("Table.Unavailable")),
        ("BatchGetItem", r#"{"message":"x"}"#, Some("Table.Unavailable")),
        ("PutItem", "", Some("Table.Unavailable")),
        ("PutItem", "<html>", Some("Table.Unavailable")),
        ("PutItem", r#"{"__type":"InternalServerError"}"#, Some("Table.Unavailable")),
        ("Query", "", None),
        ("Query", "{}", None),
        ("Query", r#"{"Count":0}"#, None),
        ("UpdateItem", "", None),
    ] {
        let lab = story().await;
        lab.fault("BatchExecuteStatement=denied");
        let result = Instead::of(operation, 200, body).run(&lab, "{}").await;
        match (result, error_type) {
            (Err(error), Some(expected)) => {
                assert_eq!(error.error_type, expected, "{operation} {body}: {error}");
                assert!(error.message.contains("Response.Malformed"), "{operation} {body}: {error}");
            }
            (Ok(response), None) => {
                assert_eq!(response["status"], "partial", "{operation} {body}: {response}");
                assert_eq!(
                    response["targets"][0]["issue_counts"],
                    json!({"Response.Malformed": 1}),
                    "{response}"
                );
            }
            (result, _) => panic!("{operation} {body}: {result:?}"),
        }
    }
}

#[tokio::test]
async fn responses_of_sts_that_are_not_its_xml_are_malformed() {
    for body in [
        "",
        "{}",
        r#"{"AssumeRoleResponse":{"AssumeRoleResult":{}}}"#,
        "<html></html>",
        "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>",
        "<GetCallerIdentityResponse></GetCallerIdentityResponse>",
        "<AssumeRoleResponse>",
    ] {
        let lab = story().await;
        let error = Instead::of("AssumeRole", 200, body).run(&lab, ROLE_TARGET).await.unwrap_err();
        assert_eq!(error.error_type, "Source.Unavailable", "{body}: {error}");
        assert!(
            error.message.contains("AssumeRole") && error.message.contains("Response.Malformed"),
            "{body}: {error}"
        );
    }
}

#[tokio::test]
async fn throttled_calls_are_counted_by_code_and_not_by_message() {
    for (instead, expected) in [
        (Instead::typed("GetInsightSummaries", 400, "ThrottlingException", "{}"), true),
        (
            Instead::of("GetInsightSummaries", 400, r#"{"__type":"com.amazonaws.xray#ThrottledException"}"#),
            true,
        ),
        (Instead::of("GetInsightSummaries", 400, r#"{"code":"LimitExceededException"}"#), true),
        (Instead::of("GetInsightSummaries", 400, r#"{"__type":"EC2ThrottledException"}"#), true),
        (Instead::of("GetInsightSummaries", 429, "<html>"), true),
        (
            Instead::typed(
                "GetInsightSummaries",
                400,
                "InvalidRequestException",
                r#"{"message":"Throttling is not supported: SlowDown"}"#,
            ),
            false,
        ),
        (Instead::of("GetInsightSummaries", 404, "<html>TooManyRequests</html>"), false),
    ] {
        let lab = story().await;
        // Only the first of two listings: with the answers of the other there is a response with the count.
        let tries = AtomicU64::new(0);
        let sdk = replacing(&lab.sdk(), move |operation, before| {
            if operation == instead.operation && tries.fetch_add(1, Ordering::SeqCst) == 0 {
                response(&before, instead.status, instead.header, instead.body)
            } else {
                before
            }
        });
        let function = lab.function_with::<XrayInsights>(&sdk, &[ONE_AT_A_TIME]).unwrap();
        let response = function.invoke("{}").await.unwrap();
        let throttled = response["throttled"].as_u64().unwrap();
        assert_eq!(throttled, u64::from(expected), "{instead:?}");
    }
}
