//! `REDACT` in complete runs: redacted members never reach the table, the response or the log, by any route.

use crate::support::*;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const REDACTING: [(&str, &str); 2] = [("REDACT", "userIdentityArn,userAgent"), ("REDACT_KEY", KEY)];
/// The caller and its program, which must not occur anywhere.
const PERSONAL: [&str; 2] = ["alice", "curl"];

/// [`STORY`] with attributions on `RUN`, whose look-ups also name `alice`.
fn attributed() -> String {
    let attributions = r#"username = "alice"
attributions = [
  { attribute = "userIdentityArn", insight = [{ value = "arn:aws:iam::123456789012:user/alice", average = 2 }] },
  { attribute = "userAgent", insight = [{ value = "curl/8.5", average = 2 }] },
]
"#;
    STORY.replace("username = \"ci\"\n", attributions)
}

fn personal(text: &str) -> Vec<&'static str> {
    PERSONAL.into_iter().filter(|word| text.contains(word)).collect()
}

async fn stored(lab: &Lab) -> String {
    format!("{:?}", lab.table().await)
}

#[tokio::test]
async fn redacted_members_reach_neither_table_nor_response() {
    let lab = Lab::new(&attributed()).await;
    let response = run(&lab, &REDACTING).await;
    assert_eq!(response["status"], "ok");
    let table = stored(&lab).await;
    assert_eq!(personal(&format!("{table}{response}")), <[&str; 0]>::default());
    // By `openssl dgst -sha256 -hmac KEY` of `arn:aws:iam::123456789012:user/alice`: with the key, the hash can be
    // searched.
    assert!(table.contains("hmac-sha256:700cd32e4db09fe5c67a11d14c39f4ba"), "{table}");
    let again = run(&lab, &REDACTING).await;
    assert_eq!(again["written"], 0, "{again}");
}

#[tokio::test]
async fn without_redact_callers_are_stored() {
    let lab = Lab::new(&attributed()).await;
    run(&lab, &[]).await;
    assert_eq!(personal(&stored(&lab).await), PERSONAL);
}

#[tokio::test]
async fn a_phase_stored_before_redact_is_redacted_when_the_insight_is_written_again() {
    let lab =
        Lab::new(&attributed().replace("username = \"alice\"\n", "username = \"alice\"\nonly = \"start\"\n"))
            .await;
    run(&lab, &[]).await;
    assert_eq!(personal(&stored(&lab).await), PERSONAL);
    replace_scenario(
        &lab,
        &attributed().replace("username = \"alice\"\n", "username = \"alice\"\nonly = \"end\"\n"),
    );
    let response = run(&lab, &REDACTING).await;
    assert_eq!(response["status"], "ok");
    let table = lab.table().await;
    let insight = table.get(&format!("{PREFIX}#{RUN}"), "insight").expect("the insight");
    assert!(insight["detail"].at(&["start"]).is_some() && insight["detail"].at(&["end"]).is_some());
    assert_eq!(personal(&format!("{insight:?}")), <[&str; 0]>::default());
}

#[tokio::test]
async fn pushes_and_rejected_events_are_redacted() {
    let lab = Lab::new("").await;
    let event = |state: &str| {
        format!(
            r#"{{"eventID":"e-1","sharedEventID":"s-1","eventTime":"2026-03-01T10:00:00Z",
            "recipientAccountId":"123456789012","insightDetails":{{"state":"{state}","eventSource":"ec2.amazonaws.com",
            "eventName":"RunInstances","insightType":"ApiCallRateInsight","insightContext":{{"attributions":[
            {{"attribute":"userAgent","insight":[{{"value":"curl/8.5","average":2}}],"baseline":[]}}]}}}}}}"#
        )
    };
    for (state, column) in [("Start", "written"), ("Middle", "rejected")] {
        let pushed = push(&serde_json::from_str(&event(state)).unwrap());
        let response = invoke(&lab, &REDACTING, &pushed).await;
        assert_eq!(response[column], 1, "{response}");
        assert_eq!(personal(&response.to_string()), <[&str; 0]>::default());
    }
    let table = stored(&lab).await;
    assert_eq!(personal(&table), <[&str; 0]>::default(), "{table}");
    assert_eq!(table.matches("hmac-sha256:3c32ecf18c3366d53737de9851eebd60").count(), 2, "{table}");
}

#[tokio::test]
async fn a_start_closed_without_an_end_is_redacted() {
    let lab =
        Lab::new(&attributed().replace("username = \"alice\"\n", "username = \"alice\"\nonly = \"start\"\n"))
            .await;
    run(&lab, &[]).await;
    lab.advance(91 * 86_400);
    replace_scenario(&lab, &story(""));
    run(&lab, &REDACTING).await;
    let table = lab.table().await;
    let insight = table.get(&format!("{PREFIX}#{RUN}"), "insight").expect("the insight");
    assert_eq!(insight["status_reason"].as_str(), Some("no_end_seen"));
    assert_eq!(personal(&format!("{insight:?}")), <[&str; 0]>::default());
}
