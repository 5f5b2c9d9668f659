use super::*;
use crate::issue::RECORD_INVALID;
use crate::issue::Stage;
use crate::report::TargetReport;
use crate::target::Target;
use insights_sources::xray;
use proptest::prelude::*;
use serde_json::Value;

fn target(number: usize) -> Target {
    Target { account_id: format!("{number:012}"), region: "eu-west-1".into(), role: None }
}

/// A target with the given number and issues; each number of `issues` is the length of a message.
fn with_issues(number: usize, issues: &[usize]) -> TargetResponse {
    let report = TargetReport::default();
    report.sink().answered();
    for (index, length) in issues.iter().enumerate() {
        let _ = report.sink().issue(
            Stage::Fetch,
            "GetInsight",
            &index.to_string(),
            "Timeout",
            true,
            &"m".repeat(*length),
        );
    }
    report.finish(&target(number))
}

fn gathered(targets: impl IntoIterator<Item = TargetResponse>) -> Targets {
    let mut gathered = Targets::default();
    targets.into_iter().for_each(|target| gathered.add(target));
    gathered
}

fn response(targets: Targets, largest: usize) -> Response {
    Response::new(xray::SOURCE, false, Usage::default(), targets, largest)
}

fn json(response: &Response) -> Value {
    serde_json::to_value(response).unwrap()
}

/// Compares the numbers of omitted entries in a response with the entries that it lists.
fn check(response: &Response, targets: usize) {
    let mut left_out = response.issues;
    for target in &response.targets {
        let all: u64 = target.issue_counts.values().sum();
        assert_eq!(target.issues_left_out + target.issues.len() as u64, all);
        left_out -= target.issues.len() as u64;
    }
    assert_eq!(response.issues_left_out, left_out);
    assert_eq!(response.targets_left_out, (targets - response.targets.len()) as u64);
}

/// 300 targets whose 51 groups were denied, each with a message of a kilobyte: 15,300 issues, more than 8 MB with 50 issues
/// per target.
#[test]
fn three_hundred_targets_list_as_many_issues_each_as_fit() {
    let given = || gathered((0..300).map(|number| with_issues(number, &[1_024; 51])));
    let response = response(given(), LARGEST_RESPONSE);
    check(&response, 300);
    assert_eq!((response.targets.len(), response.issues), (300, 15_300));
    let listed = response.targets[0].issues.len();
    assert!(response.targets.iter().all(|target| target.issues.len() == listed), "all the same");
    let length = serde_json::to_vec(&response).unwrap().len();
    assert!(length <= 5_242_880, "{length}");
    // One more issue per target would add 300 messages of a kilobyte and their other members.
    assert!(length + 300 * 1_024 > 5_242_880, "{length}: more would have fitted");
    assert_eq!(response.status, RunStatus::Partial);
    assert_eq!(json(&response)["targets"][7]["issue_counts"]["Timeout"], 51);
    assert_eq!(json(&response)["issues_left_out"], 15_300 - 300 * listed);
}

#[test]
fn five_thousand_targets_with_long_issues_are_gathered_within_the_size_of_a_response() {
    let mut targets = Targets::default();
    let one = with_issues(0, &[1_024; 6]);
    for number in 0..5_000 {
        targets.add(TargetResponse { account_id: format!("{number:012}"), ..one.clone() });
        assert!(targets.length <= LARGEST_RESPONSE, "after {number}: {}", targets.length);
    }
    let response = response(targets, LARGEST_RESPONSE);
    check(&response, 5_000);
    assert_eq!((response.targets.len(), response.targets_left_out), (5_000, 0));
    assert!(serde_json::to_vec(&response).unwrap().len() <= LARGEST_RESPONSE);
}

#[test]
fn of_targets_that_do_not_fit_those_that_failed_are_listed_first() {
    let failed = |number: usize| {
        let report = TargetReport::default();
        let _ = report.sink().issue(Stage::Fetch, "GetGroups", "groups", "AccessDenied", false, "no");
        report.finish(&target(number))
    };
    let partial = |number: usize| {
        let report = TargetReport::default();
        let _ = report.sink().not_reached(1);
        report.finish(&target(number))
    };
    let targets = gathered((0..30).map(|number| match number {
        20..25 => failed(number),
        25..30 => partial(number),
        _ => with_issues(number, &[]),
    }));
    let one = targets.listed[20].rest;
    let response = response(targets, 300 + 8 * (one + 5));
    check(&response, 30);
    let numbers: Vec<&str> = response.targets.iter().map(|target| target.account_id.as_str()).collect();
    assert!(numbers.len() >= 6, "{numbers:?}");
    assert_eq!(
        numbers[..6],
        [20, 21, 22, 23, 24, 25].map(|number| format!("{number:012}"))[..],
        "{numbers:?}"
    );
    assert_eq!((response.counts.not_reached, response.issues_left_out), (5, 5), "counters are of everything");
    assert_eq!(response.targets_left_out, 30 - numbers.len() as u64);
}

#[test]
fn a_response_that_fits_to_the_byte_is_not_cut_and_one_byte_less_cuts_it() {
    let given = || gathered((0..3).map(|number| with_issues(number, &[10, 700, 3])));
    let whole = response(given(), LARGEST_RESPONSE);
    let length = serde_json::to_vec(&whole).unwrap().len();
    assert_eq!(json(&response(given(), length)), json(&whole));
    let cut = response(given(), length - 1);
    assert!(cut.targets.iter().all(|target| target.issues.len() == 2), "{cut:?}");
    assert_eq!(cut.issues_left_out, 3);
}

#[test]
fn the_numbers_of_omitted_entries_can_be_zero() {
    let response = json(&response(gathered([with_issues(1, &[])]), LARGEST_RESPONSE));
    assert_eq!((&response["issues_left_out"], &response["targets_left_out"]), (&0.into(), &0.into()));
    assert_eq!(response["targets"][0]["issues_left_out"], 0);
    assert!(response.get("issues").is_none() && response.get("usage").is_none(), "{response}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// For any issues, the response fits, states what it omits, and lists the largest possible number of issues.
    #[test]
    fn a_response_lists_the_largest_number_of_issues_that_fits(
        targets in prop::collection::vec(prop::collection::vec((any::<bool>(), "\\PC{0,40}|[\\x00-\\x1f\"\\\\]{0,40}"), 0..60), 0..12),
        largest in 0_usize..60_000,
    ) {
        let finished: Vec<TargetResponse> = targets.iter().enumerate().map(|(number, issues)| {
            let report = TargetReport::default();
            for (is_rejected, text) in issues {
                let code = if *is_rejected { RECORD_INVALID } else { text.as_str() };
                let _ = report.sink().issue(Stage::Validate, "GetInsight", text, code, false, text);
            }
            report.finish(&target(number))
        }).collect();
        let response = response(gathered(finished.clone()), largest);
        check(&response, targets.len());
        let length = serde_json::to_vec(&response).unwrap().len();
        prop_assert!(length <= largest || response.targets.is_empty());
        let most = response.targets.iter().map(|target| target.issues.len()).max().unwrap_or_default();
        if response.targets_left_out > 0 {
            prop_assert_eq!(most, 0);
        } else {
            for (number, target) in response.targets.iter().enumerate() {
                prop_assert_eq!(target.issues.len(), finished[number].issues.len().min(most));
            }
        }
        let whole = finished.iter().map(|target| target.issues.len()).max().unwrap_or_default();
        if response.targets_left_out == 0 && most < whole {
            let mut more = gathered(finished);
            more.lower(most + 1);
            let unlimited = self::response(more, usize::MAX);
            prop_assert!(serde_json::to_vec(&unlimited).unwrap().len() > largest, "one more issue each fits");
        }
    }
}
