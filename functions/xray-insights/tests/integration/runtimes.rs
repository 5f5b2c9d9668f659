//! The function binary under runtimes other than Lambda: no header and no payload of an invocation ends the process,
//! and errors have the documented types.

use insights_simulator::Invocation;
use insights_simulator::runtime_api::Outcome;
use insights_tests::{Lab, Running, STORY};
use serde_json::Value;
use std::pin::pin;

const DEADLINE: &str = "lambda-runtime-deadline-ms";
const CLIENT_CONTEXT: &str = "lambda-runtime-client-context";
const IDENTITY: &str = "lambda-runtime-cognito-identity";
const ARN: &str = "lambda-runtime-invoked-function-arn";
const TRACE_ID: &str = "lambda-runtime-trace-id";
const REQUEST_ID: &str = "lambda-runtime-aws-request-id";

async fn start(lab: &Lab, variables: &[(&str, &str)]) -> Running {
    Running::start(env!("CARGO_BIN_EXE_xray-insights"), "xray-insights", lab, variables).await
}

/// A header with its value; `None` if the runtime omits it.
type Header = (&'static str, Option<&'static [u8]>);

fn with(headers: &[Header]) -> Invocation {
    let headers = headers.iter().map(|(name, value)| (*name, value.map(<[u8]>::to_vec))).collect();
    Invocation { headers, ..Invocation::default() }
}

fn response(outcome: &Outcome) -> Value {
    let Outcome::Response(text) = outcome else { panic!("no response but {outcome:?}") };
    serde_json::from_str(text).unwrap()
}

fn error<'a>(outcome: &'a Outcome, what: &str) -> (&'a str, &'a str) {
    let Outcome::Error { error_type, message } = outcome else { panic!("{what}: {outcome:?}") };
    (error_type, message)
}

#[tokio::test]
async fn an_invocation_with_any_headers_gets_a_response() {
    let lab = Lab::in_real_time(STORY).await;
    let function = start(&lab, &[]).await;
    let invocations: &[(&str, &[Header])] = &[
        ("no deadline", &[(DEADLINE, None)]),
        ("a deadline that is no number", &[(DEADLINE, Some(b"soon"))]),
        ("a negative deadline", &[(DEADLINE, Some(b"-1"))]),
        ("a deadline with a fraction", &[(DEADLINE, Some(b"1542409706888.5"))]),
        ("a deadline beyond all numbers", &[(DEADLINE, Some(b"99999999999999999999999999"))]),
        ("the latest deadline", &[(DEADLINE, Some(b"18446744073709551615"))]),
        ("an empty deadline", &[(DEADLINE, Some(b""))]),
        ("a deadline that is no text", &[(DEADLINE, Some(b"\xff\xfe"))]),
        ("a client context with a number", &[(CLIENT_CONTEXT, Some(br#"{"custom":{"n":1}}"#))]),
        (
            "a client context with objects and null",
            &[(CLIENT_CONTEXT, Some(br#"{"custom":{"a":{"b":[]}},"environment":null,"client":7}"#))],
        ),
        ("a client context that is no JSON", &[(CLIENT_CONTEXT, Some(b"{custom"))]),
        ("a client context that is no text", &[(CLIENT_CONTEXT, Some(b"{\"a\":\"\xe9\"}"))]),
        ("an identity that is no JSON", &[(IDENTITY, Some(b"us-east-1:0"))]),
        ("an identity without members", &[(IDENTITY, Some(b"{}"))]),
        ("no trace id", &[(TRACE_ID, None)]),
        ("a trace id that is no text", &[(TRACE_ID, Some(b"Root=\xff"))]),
        ("no ARN", &[(ARN, None)]),
        ("an ARN that is no text", &[(ARN, Some(b"arn:aws:lambda:\xff"))]),
        (
            "a tenant and an invocation id",
            &[
                ("lambda-runtime-aws-tenant-id", Some(b"\xff")),
                ("lambda-runtime-invocation-id", Some(b"\xff 1")),
            ],
        ),
        ("none of them", &[(DEADLINE, None), (ARN, None), (TRACE_ID, None), ("content-type", None)]),
    ];
    for (what, headers) in invocations {
        let outcome = function.invoke_as(r#"{"dry_run":true}"#, with(headers)).await;
        let response = response(&outcome);
        assert_eq!(
            (&response["status"], &response["written"]),
            (&"ok".into(), &12.into()),
            "{what}: {response}"
        );
    }
    assert_eq!(lab.calls("GetCallerIdentity"), 1, "once, for those without an account in the ARN");
    let finished = function.kill().await;
    assert_eq!(finished.stderr, "", "no panic");
}

#[tokio::test]
async fn with_a_deadline_in_the_past_nothing_is_reached_and_the_process_continues() {
    let lab = Lab::in_real_time(STORY).await;
    let function = start(&lab, &[]).await;
    assert_eq!(function.response("{}").await["status"], "ok");
    // After the start of the process and before now.
    let over = Invocation { deadline: lab.now().millis() - 1, ..Invocation::default() };
    let response = response(&function.invoke_as("{}", over).await);
    assert_eq!((&response["status"], &response["not_reached"]), (&"partial".into(), &1.into()), "{response}");
    assert_eq!(function.response("{}").await["status"], "ok");
}

#[tokio::test]
async fn any_request_id_is_accepted_and_a_missing_one_does_not_end_the_process() {
    let lab = Lab::in_real_time(STORY).await;
    let function = start(&lab, &[]).await;
    let long = "x".repeat(3_000);
    for id in ["a b", "a/b?c#d", "%41", "é", "..", &long] {
        let invocation = Invocation { request_id: id.to_owned(), ..Invocation::default() };
        let invocation =
            Invocation { headers: vec![(REQUEST_ID, Some(id.as_bytes().to_vec()))], ..invocation };
        let response = response(&function.invoke_as("{}", invocation).await);
        assert_eq!(response["status"], "ok", "{id}");
    }
    for item in lab.table().await.of_kind("run") {
        assert!(item["collected_by"].as_str().unwrap().len() < 300, "{item:?}");
    }
    let outcome = {
        let nobody = function.api.invoke("{}", with(&[(REQUEST_ID, None)]));
        let empty = function.api.invoke("{}", with(&[(REQUEST_ID, Some(b""))]));
        let (mut nobody, mut empty) = (pin!(nobody), pin!(empty));
        tokio::select! {
            biased;
            outcome = &mut nobody => panic!("nobody could say so: {outcome:?}"),
            outcome = &mut empty => panic!("nobody could say so: {outcome:?}"),
            outcome = function.invoke("{}") => outcome,
        }
    };
    assert_eq!(response(&outcome)["status"], "ok");
    let finished = function.kill().await;
    assert_eq!(finished.stdout.matches("invocation_without_id").count(), 2, "{}", finished.stdout);
}

#[tokio::test]
async fn an_unreadable_payload_is_invalid_and_the_process_continues() {
    let lab = Lab::in_real_time(STORY).await;
    let function = start(&lab, &[]).await;
    let deep = "[".repeat(100_000);
    let deep_object = format!("{}1{}", r#"{"window":"#.repeat(200), "}".repeat(200));
    let payloads: &[(&str, &[u8], &str)] = &[
        ("empty", b"", "payload: must be JSON: EOF"),
        ("blank", b" \r\n\t", "must be JSON: EOF"),
        ("truncated", br#"{"dry_run":tr"#, "must be JSON: EOF"),
        ("with a byte-order mark", b"\xef\xbb\xbf{}", "must not begin with a byte-order mark"),
        ("UTF-16", b"\xff\xfe{\0}\0", "must be UTF-8: byte 0 is not"),
        ("Latin-1", b"{\"a\":\"\xe9\"}", "must be UTF-8: byte 6 is not"),
        ("a list", b"[]", "input is []: must be an object"),
        ("a text", b"\"{}\"", "must be an object"),
        ("a number", b"1e400", "must be JSON"),
        ("a word", b"None", "must be JSON"),
        ("two objects", b"{}{}", "must be JSON: trailing characters"),
        ("a comment", b"{} // nothing", "must be JSON"),
        ("very deep", deep.as_bytes(), "must be JSON: recursion limit exceeded"),
        ("a deep object", deep_object.as_bytes(), "must be JSON: recursion limit exceeded"),
        ("an unpaired surrogate in a key", br#"{"\ud800":1}"#, "\u{fffd} is 1: unknown key"),
        ("a control character", b"{\"a\x01\":1}", "must be JSON"),
    ];
    for (what, payload, expected) in payloads {
        let outcome = function.invoke_as(*payload, Invocation::default()).await;
        let (error_type, message) = error(&outcome, what);
        assert_eq!(error_type, "Payload.Invalid", "{what}: {message}");
        assert!(message.contains(*expected), "{what}: {message}");
        assert!(message.len() < 2_000, "{what}: {} bytes", message.len());
    }
    for payload in ["null", " null ", "\n{}\n", r#"{"dry_run":null}"#] {
        assert_eq!(function.response(payload).await["status"], "ok", "{payload}");
    }
    assert_eq!(function.kill().await.stderr, "");
}

#[tokio::test]
async fn an_error_about_many_unknown_keys_fits_into_a_log_event_and_contains_their_number() {
    let lab = Lab::in_real_time(STORY).await;
    let function = start(&lab, &[]).await;
    let keys: Vec<String> = (0..300_000).map(|number| format!("\"k{number}\":0")).collect();
    let outcome = function.invoke_as(format!("{{{}}}", keys.join(",")), Invocation::default()).await;
    let (error_type, message) = error(&outcome, "many keys");
    assert_eq!(error_type, "Payload.Invalid");
    assert!(message.contains("unknown key; known keys are scheduled_time, window, dry_run, targets"));
    assert!(message.ends_with("; and 299900 more, left out here"), "{}", &message[message.len() - 200..]);
    assert!(message.len() < 40_000, "{}", message.len());
    let finished = function.kill().await;
    let longest = finished.stdout.lines().map(str::len).max().unwrap();
    assert!(longest < 256 * 1_024, "{longest}");
}

#[tokio::test]
async fn the_account_of_the_runtime_emulator_is_ignored_and_sts_is_called_once() {
    let lab = Lab::in_real_time(STORY).await;
    let function = start(&lab, &[]).await;
    for arn in ["arn:aws:lambda:us-east-1:012345678912:function:test_function", "function-arn", ""] {
        let invocation = Invocation { function_arn: arn.to_owned(), ..Invocation::default() };
        assert_eq!(response(&function.invoke_as("{}", invocation).await)["status"], "ok", "{arn}");
    }
    assert_eq!(lab.calls("GetCallerIdentity"), 1);
    for item in lab.table().await.0.values() {
        assert_eq!(item["account_id"], "123456789012".into());
    }
}

#[tokio::test]
async fn a_function_requires_only_the_address_of_the_runtime_api() {
    let lab = Lab::in_real_time(STORY).await;
    let without = [
        ("AWS_LAMBDA_FUNCTION_NAME", ""),
        ("AWS_LAMBDA_FUNCTION_VERSION", ""),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", ""),
    ];
    assert_eq!(start(&lab, &without).await.response("{}").await["status"], "ok");
    let odd = [("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256MB"), ("AWS_LAMBDA_MAX_CONCURRENCY", "8")];
    assert_eq!(start(&lab, &odd).await.response("{}").await["status"], "ok");
    let nowhere = start(&lab, &[("AWS_LAMBDA_RUNTIME_API", "not an address")]).await.wait().await;
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(nowhere.stdout.contains("expected HOST:PORT"), "{}", nowhere.stdout);
}
