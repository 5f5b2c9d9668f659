//! Unpaired surrogates are stored as U+FFFD, by all routes.

use crate::support::*;

/// The scenario without insights; LookupEvents lists these events, given as JSON texts.
async fn looked_up(events: &[String]) -> (Lab, Json) {
    let lab = Lab::new(&story("")).await;
    let listed: Vec<String> = events
        .iter()
        .map(|event| {
            format!(
                r#"{{"EventId":"e","EventTime":1772362800,"CloudTrailEvent":{}}}"#,
                Json::from(event.as_str())
            )
        })
        .collect();
    let page = format!(r#"{{"Events":[{}]}}"#, listed.join(","));
    let response = answering(&lab, move |asked, _| (asked == "LookupEvents").then(|| (200, page.clone())));
    let response = response.invoke("{}").await.unwrap();
    (lab, response)
}

/// A Start with the JSON text `caller` (including quotes) as caller, and with further `members`.
fn event(caller: &str, members: &str) -> String {
    let mut event = half("Start", "s", "2026-03-01T11:00:00Z", "e", 1.0);
    event["insightDetails"]["insightContext"]["attributions"] = "@".into();
    let attributions =
        format!(r#"[{{"attribute":"userIdentityArn","insight":[{{"value":{caller},"average":2.0}}]}}]"#);
    let text = event.to_string().replace("\"@\"", &attributions);
    text.replacen('{', &format!("{{{members}"), 1)
}

fn envelope(event: &str) -> String {
    push(&"@".into()).replace("\"@\"", event)
}

fn caller(table: &Table) -> String {
    let context =
        insight_of(table, "s")["detail"].at(&["start", "insight_details", "insight_context", "attributions"]);
    let attribution = &context.unwrap().as_list().unwrap()[0];
    attribution.at(&["insight"]).unwrap().as_list().unwrap()[0]
        .at(&["value"])
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn unpaired_surrogates_are_replaced_in_pushes_and_look_ups() {
    for (text, members, expected) in [
        (r#""arn:aws:iam::123456789012:user/A\ud83d""#, "", "arn:aws:iam::123456789012:user/A\u{fffd}"),
        (r#""\ude00A""#, "", "\u{fffd}A"),
        (r#""\ude00\ud83d""#, "", "\u{fffd}\u{fffd}"),
        (r#""\ud83d\n""#, "", "\u{fffd}\n"),
        (r#""\ud83d\ude00""#, "", "😀"),
        (r#""\uD83D\uD83D\uDE00\uDE00""#, "", "\u{fffd}😀\u{fffd}"),
        (r#""\\ud83d""#, "", "\\ud83d"),
        (r#""x""#, r#""\ud83d":"\udc00","#, "x"),
    ] {
        let event = event(text, members);
        let pushed = Lab::new(&story("")).await;
        let response = invoke(&pushed, &[], &envelope(&event)).await;
        assert_eq!(summary(&response), "ok fetched=1 written=1", "{event}");
        let table = pushed.table().await;
        assert_eq!(caller(&table), expected);
        if !members.is_empty() {
            assert_eq!(
                insight_of(&table, "s")["detail"].at(&["start", "\u{fffd}"]),
                Some(&"\u{fffd}".into())
            );
        }
        let (lab, response) = looked_up(std::slice::from_ref(&event)).await;
        assert_eq!(summary(&response), "ok fetched=1 written=1", "{event}");
        assert_eq!(caller(&lab.table().await), expected);
        // The same phase by the other route adds its look-up; by the same route it changes nothing.
        invoke(&lab, &[], &envelope(&event)).await;
        let same = invoke(&lab, &[], &envelope(&event.replace("\\ud83d", "\\uD83D"))).await;
        assert_eq!(summary(&same), "ok fetched=1 unchanged=1", "{event}");
    }
}

#[tokio::test]
async fn a_rejected_event_is_stored_once_for_push_and_look_up() {
    let event = event(r#""\ud83d""#, "").replace("\"Start\"", "\"Neither\"");
    let (lab, response) = looked_up(std::slice::from_ref(&event)).await;
    assert_eq!((&response["status"], &response["written"]), (&"ok".into(), &0.into()));
    assert_eq!(summary(&invoke(&lab, &[], &envelope(&event)).await), "ok fetched=1 rejected=1");
    let table = lab.table().await;
    let [rejected] = table.of_kind("rejected").try_into().unwrap();
    assert!(text(rejected, "raw").contains("\\ufffd"), "{rejected:?}");
}

#[tokio::test]
async fn an_unpaired_surrogate_in_an_answer_does_not_affect_its_page() {
    let lab = Lab::new(&story("")).await;
    let other = half("Start", "t", "2026-03-01T11:00:00Z", "f", 1.0).to_string();
    let first = event(r#""x""#, "");
    // The service returns unpaired surrogates in the name of the user and in an event.
    let page = format!(
        r#"{{"Events":[{{"EventId":"e","Username":"A\ud83d","CloudTrailEvent":{}}},
            {{"EventId":"f","Username":"\ude00","CloudTrailEvent":{}}}]}}"#,
        Json::from(first.as_str()),
        Json::from(other.as_str()).to_string().replace("RunInstances", "Run\\udfffInstances"),
    );
    let function = answering(&lab, move |asked, _| (asked == "LookupEvents").then(|| (200, page.clone())));
    let response = function.invoke("{}").await.unwrap();
    assert_eq!(summary(&response), "ok fetched=2 written=2", "{response}");
    let table = lab.table().await;
    let username = |id: &str| insight_of(&table, id)["detail"].at(&["start", "lookup", "username"]).cloned();
    assert_eq!((username("s"), username("t")), (Some("A\u{fffd}".into()), Some("\u{fffd}".into())));
    let name = insight_of(&table, "t")["detail"].at(&["start", "insight_details", "event_name"]).cloned();
    assert_eq!(name, Some("Run\u{fffd}Instances".into()));
}
