//! What becomes of a run while every call of one operation fails, and what the next run makes of that: one check for all
//! sources, over tables of operations and of ways to fail. What each operation gives is the tests' to say.

use crate::lab::ACCOUNT;
use crate::paused::PausedLab;
use crate::table::Table;
use insights_shared::collector::Collector;
use insights_shared::invocation::InvocationError;
use insights_shared::key::Key;
use insights_shared::number::Number;
use insights_shared::record::{SCHEMA_VERSION, Source};
use insights_shared::store::state::state_key;
use insights_shared::target::Target;
use insights_shared::value::{Map, Value as Stored};
use serde_json::Value;
use std::marker::PhantomData;

/// Where calls fail to the end. The SDK's account of retries is a region's and the whole process's, and here it may be
/// used up.
const LASTING_REGION: &str = "us-west-2";
/// Where calls fail and are answered when tried again: a region for each of [`PASSING`], so that each has an account of its
/// own, and one for what needs few retries. Audit Manager is in all of them.
const PASSING_REGIONS: [&str; PASSING.len()] = [
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-west-2",
    "us-east-1",
];
const HARMLESS_REGION: &str = "us-east-2";
/// How often a call fails before it is answered: every time that the SDK tries, but for the last, which is the sixth.
const PASSING_TIMES: u64 = 5;
/// One call at a time, so that a fault that befalls the n-th call always befalls the same one.
const ONE_AT_A_TIME: (&str, &str) = ("CONCURRENCY", "1");

/// The `state` that a run has left of which nothing else is known.
pub fn earlier_run(source: Source, region: &str) -> Map {
    let target = Target { account_id: ACCOUNT.to_owned(), region: region.to_owned(), role: None };
    let Key { pk, sk } = state_key(source, &target);
    let said: [(&str, Stored); 4] = [
        ("pk", pk.into()),
        ("sk", sk.into()),
        ("kind", "state".into()),
        ("schema_version", SCHEMA_VERSION.into()),
    ];
    said.map(|(name, value)| (name.into(), value)).into()
}

/// A way to fail.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    /// How the simulator calls it.
    pub kind: &'static str,
    /// The code of its issues.
    pub code: &'static str,
    /// The invocation's error, if nothing else came.
    pub error_type: &'static str,
    /// Whether its issues say that the same call may succeed later.
    pub is_retryable: bool,
}

const fn failure(kind: &'static str, code: &'static str) -> Failure {
    Failure { kind, code, error_type: "Source.Unavailable", is_retryable: true }
}

const fn for_good(failure: Failure) -> Failure {
    Failure { is_retryable: false, ..failure }
}

const fn denied(kind: &'static str, code: &'static str) -> Failure {
    for_good(Failure { error_type: "Source.Denied", ..failure(kind, code) })
}

/// Every way to fail at every call, with the codes of a service that calls its errors `throttled` and `internal`.
pub const fn failures(throttled: &'static str, internal: &'static str) -> [Failure; 13] {
    [
        Failure { error_type: "Source.Throttled", ..failure("throttle", throttled) },
        failure("error500", internal),
        failure("html503", "Response.Malformed"),
        failure("reset", "Connection"),
        failure("refused", "Connection"),
        failure("hang", "Timeout"),
        denied("denied", "AccessDeniedException"),
        denied("expired", "ExpiredTokenException"),
        failure("clock-skew", "Clock.Skewed"),
        failure("lost-answer", "Connection"),
        for_good(failure("truncate", "Response.Malformed")),
        for_good(failure("wrong-type", "Response.Malformed")),
        for_good(failure("null-in-list", "Response.Malformed")),
    ]
}

/// Ways to fail in which the service does what it was asked for, and is not understood.
pub const DONE: [&str; 3] = ["lost-answer", "truncate", "wrong-type"];

/// DynamoDB's ways to fail.
pub const TABLE_FAILURES: [Failure; 13] =
    failures("ProvisionedThroughputExceededException", "InternalServerError");

/// The token that an operation was asked with comes again, so that its pages would never end.
pub const REPEATED_TOKEN: Failure = failure("repeat-token", "Token.Repeated");

/// Ways to fail that the SDK gets over when it tries again.
pub const PASSING: [&str; 8] =
    ["throttle", "error500", "html503", "reset", "refused", "hang", "lost-answer", "clock-skew"];

/// A source with a story in which every operation gives something.
#[derive(Debug)]
pub struct Subject<C> {
    /// TOML.
    pub scenario: &'static str,
    /// The function's variables.
    pub variables: &'static [(&'static str, &'static str)],
    /// What a table holds, on one line.
    pub left: fn(&Table) -> String,
    /// Whose it is.
    pub collector: PhantomData<C>,
}

/// What becomes of the story while calls fail.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// The operation that fails, with `@N` if the first N calls of it do not.
    pub operation: &'static str,
    /// `partial` or `failed`.
    pub status: &'static str,
    /// How many issues are counted.
    pub issues: u64,
    /// What is stored, as [`Subject::left`] has it.
    pub left: &'static str,
}

/// The text attribute `name`, or `-`.
pub fn text<'a>(item: Option<&'a Map>, name: &str) -> &'a str {
    item.and_then(|item| item.get(name)).and_then(Stored::as_str).unwrap_or("-")
}

impl<C: Collector> Subject<C> {
    async fn run(&self, lab: &PausedLab) -> Result<Value, InvocationError> {
        let variables = [self.variables, &[ONE_AT_A_TIME]].concat();
        let response = lab.invoke::<C>(&variables, "{}", |_| ()).await?;
        for part in std::iter::once(&response).chain(response["targets"].as_array().expect("targets")) {
            let sum: u64 = ["written", "unchanged", "stale", "rejected", "failed"]
                .iter()
                .map(|name| part[*name].as_u64().expect("a count"))
                .sum();
            assert_eq!(part["fetched"], sum, "{part}");
        }
        Ok(response)
    }

    /// What runs leave that nothing disturbs, the last of them a minute after the story's begin.
    async fn undisturbed(&self, region: &'static str, is_later: bool) -> Table {
        let lab = PausedLab::new(region, self.scenario).await;
        if is_later {
            lab.advance(60);
        }
        assert_eq!(self.run(&lab).await.expect("a response")["status"], "ok");
        lab.table().await
    }

    /// Lets each of `failures` befall every call of an operation of the source: all cost the same, under their own code,
    /// and the next run makes good for it.
    ///
    /// # Panics
    ///
    /// If anything else comes of it.
    pub async fn check(&self, expected: &Expected, failures: &[Failure]) {
        let undisturbed = self.undisturbed(LASTING_REGION, true).await;
        self.check_alike(expected, failures, "fetch", &undisturbed).await;
    }

    /// The same for the table's operations, where a run of which nothing is stored fails as the table's, and where a write
    /// of whose answer nothing is heard is done all the same: `unheard` says, by the kinds, what is left then.
    ///
    /// # Panics
    ///
    /// If anything else comes of it.
    pub async fn check_table_operations(&self, operations: &[Expected], unheard: &[(&[&str], Expected)]) {
        let undisturbed = self.undisturbed(LASTING_REGION, true).await;
        for expected in operations {
            let reads = expected.operation == "Query" || expected.operation.starts_with("BatchGetItem");
            // Only answers to reads have lists in them, and only those to listings have tokens.
            let repeated = (expected.operation == "Query").then_some(REPEATED_TOKEN);
            let failures =
                TABLE_FAILURES.into_iter().filter(|failure| reads || failure.kind != "null-in-list");
            let mut heard: Vec<Failure> = failures
                .chain(repeated)
                .map(|failure| Failure { error_type: "Table.Unavailable", ..failure })
                .collect();
            for (kinds, expected) in unheard.iter().filter(|(_, other)| other.operation == expected.operation)
            {
                let of_these =
                    heard.extract_if(.., |failure| kinds.contains(&failure.kind)).collect::<Vec<_>>();
                self.check_alike(expected, &of_these, "write", &undisturbed).await;
            }
            self.check_alike(expected, &heard, "write", &undisturbed).await;
        }
    }

    /// What is left does not depend on the way to fail, so that one run that makes good stands for all.
    async fn check_alike(&self, expected: &Expected, failures: &[Failure], stage: &str, undisturbed: &Table) {
        let mut first: Option<Table> = None;
        for failure in failures {
            let good = first.is_none().then_some(undisturbed);
            let table = self.fail(expected, failure, stage, good).await;
            match &first {
                None => first = Some(table),
                Some(first) => table.assert_same_content(first),
            }
        }
    }

    async fn fail(&self, expected: &Expected, failure: &Failure, stage: &str, good: Option<&Table>) -> Table {
        let (operation, skip) =
            expected.operation.split_once('@').map_or((expected.operation, "0"), |split| split);
        let fault = format!("{operation}={}@{skip}", failure.kind);
        let lab = PausedLab::new(LASTING_REGION, self.scenario).await;
        lab.fault(&fault);
        if operation == "BatchGetItem" && skip != "0" {
            // Before its first run there is nothing to compare with.
            lab.put(earlier_run(C::SOURCE, LASTING_REGION)).await;
        }
        if operation == "PutItem" {
            // What was inserted need not be put.
            lab.fault("BatchExecuteStatement=denied");
        }
        let result = self.run(&lab).await;
        lab.clear_faults();
        let table = lab.table().await;
        assert_eq!((self.left)(&table), expected.left, "{fault}");
        match &result {
            Ok(response) => {
                assert_eq!(response["status"], expected.status, "{fault}: {response}");
                let target = &response["targets"][0];
                assert_eq!(
                    target["issue_counts"],
                    serde_json::json!({failure.code: expected.issues}),
                    "{fault}"
                );
                for issue in target["issues"].as_array().expect("issues") {
                    let said = (&issue["operation"], &issue["stage"], &issue["code"], &issue["retryable"]);
                    let so = (
                        &operation.into(),
                        &stage.into(),
                        &failure.code.into(),
                        &failure.is_retryable.into(),
                    );
                    assert_eq!(said, so, "{fault}: {issue}");
                }
            }
            Err(error) => {
                assert_eq!(
                    (error.error_type, expected.status),
                    (failure.error_type, "failed"),
                    "{fault}: {error}"
                );
                let reason = format!("{}: ", failure.code);
                assert!(error.message.contains(operation) && error.message.contains(&reason), "{error}");
                assert_counted(&table, failure.code, expected.issues, &fault);
            }
        }
        if let Some(undisturbed) = good {
            lab.advance(60);
            let response = self.run(&lab).await.unwrap_or_else(|error| panic!("after {fault}: {error}"));
            assert_eq!(response["status"], "ok", "after {fault}: {response}");
            let differences = undisturbed.differences(&lab.table().await);
            assert!(differences.is_empty(), "after {fault}:\n{}", differences.join("\n"));
        }
        table
    }

    /// Lets each of [`PASSING`] befall all `operations`, as often as the SDK gets over: nothing is seen of it but what was
    /// throttled.
    ///
    /// # Panics
    ///
    /// If anything is.
    pub async fn check_passing(&self, operations: &[&str]) {
        for (kind, region) in PASSING.into_iter().zip(PASSING_REGIONS) {
            let undisturbed = self.undisturbed(region, false).await;
            self.pass(&undisturbed, region, operations, kind, PASSING_TIMES).await;
        }
    }

    /// The same for the table: also half of each batch that is left unprocessed, and listings with empty pages.
    ///
    /// # Panics
    ///
    /// If anything is lost.
    pub async fn check_table_passing(&self) {
        self.check_passing(&["BatchGetItem", "Query", "PutItem", "UpdateItem"]).await;
        // It is tried less often, since PutItem does the same.
        for (kind, region) in PASSING.into_iter().zip(PASSING_REGIONS) {
            let undisturbed = self.undisturbed(region, false).await;
            self.pass(&undisturbed, region, &["BatchExecuteStatement"], kind, 2).await;
        }
        let undisturbed = self.undisturbed(HARMLESS_REGION, false).await;
        self.pass(&undisturbed, HARMLESS_REGION, &["BatchGetItem"], "unprocessed", 3).await;
        self.check_unprocessed().await;
        self.pass(&undisturbed, HARMLESS_REGION, &["Query"], "empty-page", 2).await;
    }

    /// What was left unprocessed is there all the same: a second run over the same answers writes nothing but `run`.
    async fn check_unprocessed(&self) {
        let lab = PausedLab::new(HARMLESS_REGION, self.scenario).await;
        self.run(&lab).await.expect("a response");
        lab.advance(1);
        lab.clear_log();
        // The state alone is read first; everything else after it, in batches.
        lab.fault("BatchGetItem=unprocessed:3");
        let response = self.run(&lab).await.expect("a response");
        assert_eq!((&response["status"], &response["written"]), (&"ok".into(), &0.into()), "{response}");
        assert_eq!(response["unchanged"], response["fetched"], "{response}");
        let puts = lab.log().iter().filter(|call| call.operation == "PutItem").count();
        assert_eq!(puts, 1, "the run");
    }

    /// Lets each of `operations` give an empty page with a token, twice: the rest comes all the same.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub async fn check_empty_pages(&self, operations: &[&str]) {
        let undisturbed = self.undisturbed(HARMLESS_REGION, false).await;
        for operation in operations {
            self.pass(&undisturbed, HARMLESS_REGION, &[operation], "empty-page", 2).await;
        }
    }

    async fn pass(
        &self,
        undisturbed: &Table,
        region: &'static str,
        operations: &[&str],
        kind: &str,
        times: u64,
    ) {
        let lab = PausedLab::new(region, self.scenario).await;
        for operation in operations {
            lab.fault(&format!("{operation}={kind}:{times}"));
        }
        let what = format!("{operations:?} {kind}");
        let response = self.run(&lab).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(
            (&response["status"], &response["failed"]),
            (&"ok".into(), &0.into()),
            "{what}: {response}"
        );
        let log = lab.log();
        let faults = log.iter().filter(|call| call.fault.is_some()).count();
        assert_eq!(faults as u64, times * operations.len() as u64, "{what}: each operation was met");
        let throttled = log.iter().filter(|call| call.throttled && call.service != "dynamodb").count();
        assert_eq!(response["throttled"], throttled, "{what}");
        let differences = undisturbed.differences(&lab.table().await);
        assert!(differences.is_empty(), "{what}:\n{}", differences.join("\n"));
    }

    /// Lets the services' clock be twenty minutes ahead all the time: the SDK sets its own right at each first refusal.
    ///
    /// # Panics
    ///
    /// If anything is lost by it.
    pub async fn check_skewed(&self) {
        let undisturbed = self.undisturbed(HARMLESS_REGION, false).await;
        let lab = PausedLab::new(HARMLESS_REGION, self.scenario).await;
        lab.skew();
        let response = self.run(&lab).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((&response["status"], &response["failed"]), (&"ok".into(), &0.into()), "{response}");
        assert!(lab.log().iter().any(|call| call.fault.is_some()), "no clock was wrong");
        lab.clear_faults();
        undisturbed.assert_same_content(&lab.table().await);
    }
}

/// A run of which nothing is left but `run` or `state` has counted its issues there, if the table took either.
fn assert_counted(table: &Table, code: &str, issues: u64, fault: &str) {
    let states = table.of_kind("state");
    let counted = states.first().or(table.of_kind("run").first()).map(|item| {
        let counts = item.get("issue_counts").and_then(Stored::as_map).expect("counts");
        counts.get(code).and_then(Stored::as_number).and_then(Number::as_i64)
    });
    if let Some(counted) = counted {
        assert_eq!(counted, i64::try_from(issues).ok(), "{fault}");
    }
}
