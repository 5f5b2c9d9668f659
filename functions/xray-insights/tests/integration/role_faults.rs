//! Failures of STS: GetCallerIdentity, and AssumeRole for a target. All functions use the same code.

use super::faults::CHECKS;
use super::{ONE_AT_A_TIME, text};
use insights_shared::invocation::{Context, InvocationError};
use insights_tests::faults::{Failure, TEMPORARY, failures};
use insights_tests::{ACCOUNT, PausedLab, STORY, paused};
use serde_json::{Value, json};
use xray_insights::XrayInsights;

const REGION: &str = "us-west-1";
/// The region in which STS fails and responds after a retry.
const TEMPORARY_REGION: &str = "us-east-1";
const ROLE: &str = "arn:aws:iam::111122223333:role/insights-reader";

/// STS responds in XML, where everything is text: there are no wrong types and no nulls.
fn sts_failures() -> impl Iterator<Item = Failure> {
    let all = failures("Throttling", "InternalFailure").into_iter();
    let all = all.filter(|failure| !["wrong-type", "null-in-list"].contains(&failure.kind));
    all.map(|failure| Failure {
        code: match failure.code {
            "AccessDeniedException" => "AccessDenied",
            "ExpiredTokenException" => "ExpiredToken",
            other => other,
        },
        ..failure
    })
}

/// One run of a function whose ARN names no account.
async fn run_anywhere(lab: &PausedLab) -> Result<Value, InvocationError> {
    let nowhere = |context: &mut Context| context.function_arn = "arn:aws:lambda:::function:x".to_owned();
    lab.invoke::<XrayInsights>(&[ONE_AT_A_TIME], "{}", nowhere).await
}

/// One run with the target of the role, and the own account if `own` is set.
async fn run_targets(lab: &PausedLab, own: bool) -> Result<Value, InvocationError> {
    let other = json!({"account_id": "111122223333", "role_arn": ROLE});
    let own = own.then(|| json!({"account_id": ACCOUNT}));
    let targets: Vec<Value> = own.into_iter().chain([other]).collect();
    let payload = json!({ "targets": targets }).to_string();
    lab.invoke::<XrayInsights>(&[ONE_AT_A_TIME], &payload, |_| ()).await
}

#[test]
fn a_failed_get_caller_identity_fails_the_invocation_before_other_calls() {
    paused(async {
        for failure in sts_failures() {
            let lab = PausedLab::new(REGION, STORY).await;
            lab.fault(&format!("GetCallerIdentity={}", failure.kind));
            let error = run_anywhere(&lab).await.unwrap_err();
            assert_eq!(error.error_type, failure.error_type, "{error}");
            let reason = format!("sts GetCallerIdentity: {}: ", failure.code);
            assert!(error.message.starts_with(&reason), "{}: {error}", failure.kind);
            assert!(lab.log().iter().all(|call| call.service == "sts"), "{}", failure.kind);
            assert!(lab.table().await.0.is_empty(), "{}", failure.kind);
            lab.clear_faults();
            assert_eq!(run_anywhere(&lab).await.unwrap()["status"], "ok", "after {}", failure.kind);
        }
    });
}

#[test]
fn a_role_that_cannot_be_assumed_fails_only_its_target_and_the_next_run_completes_it() {
    paused(async {
        let undisturbed = PausedLab::new(REGION, STORY).await;
        assert_eq!(run_targets(&undisturbed, true).await.unwrap()["status"], "ok");
        let undisturbed = undisturbed.table().await;
        for failure in sts_failures() {
            let kind = failure.kind;
            let lab = PausedLab::new(REGION, STORY).await;
            lab.fault(&format!("AssumeRole={kind}"));
            let response = run_targets(&lab, true).await.unwrap();
            assert_eq!(
                (&response["status"], &response["written"]),
                (&"partial".into(), &12.into()),
                "{kind}"
            );
            let [other, own] = [0, 1].map(|index| &response["targets"][index]);
            assert_eq!((&other["status"], &own["status"]), (&"failed".into(), &"ok".into()), "{kind}");
            assert_eq!(other["issue_counts"], json!({failure.code: 1}), "{kind}: {response}");
            let issue = &other["issues"][0];
            assert_eq!((&issue["stage"], &issue["operation"]), (&"fetch".into(), &"AssumeRole".into()));
            assert_eq!(
                (&issue["subject"], &issue["retryable"]),
                (&ROLE.into(), &failure.is_retryable.into())
            );
            let table = lab.table().await;
            let state = table.get(&format!("run#xray#111122223333#{REGION}"), "state").unwrap();
            assert_eq!(
                (text(state, "last_status"), state.get("watermark")),
                (Some("failed"), None),
                "{kind}"
            );
            // With only this target, it is the error of the invocation.
            assert_eq!(run_targets(&lab, false).await.unwrap_err().error_type, failure.error_type, "{kind}");
            lab.clear_faults();
            assert_eq!(run_targets(&lab, true).await.unwrap()["status"], "ok", "after {kind}");
            undisturbed.assert_same_content(&lab.table().await);
        }
    });
}

#[test]
fn a_temporary_fault_of_sts_has_no_effect_on_the_data() {
    paused(async {
        for kind in TEMPORARY {
            let lab = PausedLab::new(TEMPORARY_REGION, STORY).await;
            for operation in ["GetCallerIdentity", "AssumeRole"] {
                lab.fault(&format!("{operation}={kind}:2"));
            }
            assert_eq!(run_anywhere(&lab).await.unwrap()["status"], "ok", "{kind}");
            let response = run_targets(&lab, true).await.unwrap();
            assert_eq!((&response["status"], &response["written"]), (&"ok".into(), &12.into()), "{kind}");
            assert_eq!(response["throttled"], 0, "{kind}: it is the source that counts");
        }
        let lab = PausedLab::new(TEMPORARY_REGION, STORY).await;
        lab.skew();
        assert_eq!(run_anywhere(&lab).await.unwrap()["status"], "ok");
        assert_eq!(run_targets(&lab, true).await.unwrap()["status"], "ok");
    });
}

#[test]
fn hanging_calls_end_before_the_deadline() {
    // The hanging operation, whether it is the first call, the result, and the calls of the table.
    paused(async {
        for (operation, outcome) in [
            ("GetCallerIdentity", "Source.Unavailable: sts GetCallerIdentity: Timeout: "),
            ("BatchGetItem", "Table.Unavailable: dynamodb BatchGetItem: Timeout: "),
            ("PutItem", "Table.Unavailable: 123456789012/us-west-1: PutItem "),
            // Records that are not inserted are put.
            ("BatchExecuteStatement", "ok"),
            ("Query", "partial Timeout"),
            ("UpdateItem", "partial Timeout"),
        ] {
            let lab = PausedLab::new(REGION, STORY).await;
            lab.fault(&format!("{operation}=hang"));
            if operation == "PutItem" {
                lab.fault("BatchExecuteStatement=denied");
            }
            let begun = tokio::time::Instant::now();
            let limit = std::time::Duration::from_mins(1);
            let result = lab.invoke::<XrayInsights>(&[ONE_AT_A_TIME], "{}", |context| {
                context.deadline = Some(begun + limit);
                if operation == "GetCallerIdentity" {
                    context.function_arn = String::new();
                }
            });
            let came = match result.await {
                Ok(response) => {
                    let codes: Vec<&str> = response["targets"][0]["issue_counts"]
                        .as_object()
                        .unwrap()
                        .keys()
                        .map(String::as_str)
                        .collect();
                    format!("{} {}", response["status"].as_str().unwrap(), codes.join(" "))
                }
                Err(error) => error.to_string(),
            };
            assert!(came.starts_with(outcome), "{operation}: {came}");
            assert!(begun.elapsed() < limit, "{operation}: {:?}", begun.elapsed());
            if operation == "BatchExecuteStatement" {
                let tries = lab.log().iter().filter(|call| call.operation == operation).count();
                assert!(tries <= 3, "{tries}: as often as one request is tried, and no other is sent");
            }
            lab.clear_faults();
            let response = lab.invoke::<XrayInsights>(CHECKS.variables, "{}", |_| ()).await.unwrap();
            assert_eq!(response["status"], "ok", "after {operation}");
        }
    });
}
