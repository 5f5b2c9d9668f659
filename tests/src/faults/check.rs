//! The checks of [`FaultChecks`]. Each panics with the fault and the difference.

use super::{
    Exception, Expected, Failure, FaultChecks, NULL_IN_LIST, REPEATED_TOKEN, TABLE_FAILURES, TEMPORARY,
    earlier_run, failures,
};
use crate::paused::PausedLab;
use crate::response::assert_adds_up;
use crate::table::Table;
use insights_shared::collector::Collector;
use insights_shared::invocation::InvocationError;
use insights_shared::number::Number;
use insights_shared::value::Value as Stored;
use serde_json::Value;

/// The region of permanent failures. The SDK has one retry budget per region and process, and these failures may use it up.
const PERMANENT_REGION: &str = "us-west-2";
/// The regions of temporary failures: one for each of [`TEMPORARY`], so that each has its own retry budget. Audit Manager
/// exists in all of them.
const TEMPORARY_REGIONS: [&str; TEMPORARY.len()] = [
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-west-2",
    "us-east-1",
];
/// The region of faults with few retries.
const HARMLESS_REGION: &str = "us-east-2";
/// How often a call fails. The SDK makes six attempts.
const TEMPORARY_TIMES: u64 = 5;
/// One call at a time, so that the order of the calls is fixed.
const ONE_AT_A_TIME: (&str, &str) = ("CONCURRENCY", "1");

impl<C: Collector> FaultChecks<C> {
    /// Lets every call of each operation fail, with each kind of failure. All failures of an operation must have the same
    /// effect, with their own code, and the next run must complete the data.
    pub async fn check_operations(&self) {
        let undisturbed = self.undisturbed(PERMANENT_REGION, true).await;
        for expected in self.operations {
            let mut kinds = failures(self.throttled, self.internal).to_vec();
            if self.without_lists.contains(&expected.operation) {
                kinds.retain(|failure| failure.kind != NULL_IN_LIST);
            }
            self.check_failures(expected, kinds, self.exceptions, "fetch", &undisturbed).await;
        }
    }

    /// Checks each operation with a repeated token in the same way.
    pub async fn check_repeated_tokens(&self) {
        let undisturbed = self.undisturbed(PERMANENT_REGION, true).await;
        for expected in self.repeated_tokens {
            self.check_failures(expected, vec![REPEATED_TOKEN], &[], "fetch", &undisturbed).await;
        }
    }

    /// Checks the operations of the table in the same way. If nothing is stored, the invocation fails with the table's error.
    pub async fn check_table_operations(&self) {
        let undisturbed = self.undisturbed(PERMANENT_REGION, true).await;
        for expected in self.table_operations {
            let mut kinds = TABLE_FAILURES.to_vec();
            // Only responses to reads contain lists, and only those of Query have pages.
            if expected.operation == "Query" {
                kinds.push(REPEATED_TOKEN);
            } else if !expected.operation.starts_with("BatchGetItem") {
                kinds.retain(|failure| failure.kind != NULL_IN_LIST);
            }
            for failure in &mut kinds {
                failure.error_type = "Table.Unavailable";
            }
            self.check_failures(expected, kinds, self.table_exceptions, "write", &undisturbed).await;
        }
    }

    async fn check_failures(
        &self,
        expected: &Expected,
        mut kinds: Vec<Failure>,
        exceptions: &[Exception],
        stage: &str,
        undisturbed: &Table,
    ) {
        for (excepted, expected) in
            exceptions.iter().filter(|(_, other)| other.operation == expected.operation)
        {
            let kinds: Vec<Failure> =
                kinds.extract_if(.., |failure| excepted.contains(&failure.kind)).collect();
            assert!(!kinds.is_empty(), "{excepted:?} are no failures of {}", expected.operation);
            self.check_alike(expected, &kinds, stage, undisturbed).await;
        }
        self.check_alike(expected, &kinds, stage, undisturbed).await;
    }

    /// Checks that all `failures` have the same effect. The next run is checked for only one of them.
    async fn check_alike(&self, expected: &Expected, failures: &[Failure], stage: &str, undisturbed: &Table) {
        let mut first: Option<Table> = None;
        for failure in failures {
            let repaired = first.is_none().then_some(undisturbed);
            let table = self.fail(expected, failure, stage, repaired).await;
            match &first {
                None => first = Some(table),
                Some(first) => table.assert_same_content(first),
            }
        }
    }

    async fn fail(
        &self,
        expected: &Expected,
        failure: &Failure,
        stage: &str,
        repaired: Option<&Table>,
    ) -> Table {
        let (operation, skip) =
            expected.operation.split_once('@').map_or((expected.operation, "0"), |split| split);
        let fault = format!("{}={}@{skip}", selector::<C>(operation), failure.kind);
        let lab = PausedLab::new(PERMANENT_REGION, self.scenario).await;
        lab.fault(&fault);
        if operation == "BatchGetItem" && skip != "0" {
            // Before its first run, a target reads nothing.
            lab.put(earlier_run(C::SOURCE, PERMANENT_REGION)).await;
        }
        if operation == "PutItem" {
            // Items that are inserted are not put.
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
                    let members = (&issue["operation"], &issue["stage"], &issue["code"], &issue["retryable"]);
                    let expected = (
                        &operation.into(),
                        &stage.into(),
                        &failure.code.into(),
                        &failure.is_retryable.into(),
                    );
                    assert_eq!(members, expected, "{fault}: {issue}");
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
        if let Some(undisturbed) = repaired {
            lab.advance(60);
            let response = self.run(&lab).await.unwrap_or_else(|error| panic!("after {fault}: {error}"));
            assert_eq!(response["status"], "ok", "after {fault}: {response}");
            let differences = undisturbed.differences(&lab.table().await);
            assert!(differences.is_empty(), "after {fault}:\n{}", differences.join("\n"));
        }
        table
    }

    /// Lets all operations fail temporarily. Only the number of throttled calls may differ.
    pub async fn check_temporary(&self) {
        let operations: Vec<&str> = self.operations.iter().map(|expected| expected.operation).collect();
        self.check_temporary_of(&operations).await;
    }

    /// Checks the table in the same way, including unprocessed keys of a batch and empty pages.
    ///
    /// # Panics
    ///
    /// If a run stores anything else than without the fault, or sends a `Query` although none is declared.
    pub async fn check_table_temporary(&self) {
        let queries = self.table_operations.iter().any(|expected| expected.operation == "Query");
        let mut operations = vec!["BatchGetItem", "PutItem", "UpdateItem"];
        operations.extend(queries.then_some("Query"));
        self.check_temporary_of(&operations).await;
        // The store makes fewer attempts for inserts, because PutItem can replace them.
        for (kind, region) in TEMPORARY.into_iter().zip(TEMPORARY_REGIONS) {
            let undisturbed = self.undisturbed(region, false).await;
            self.check_without_effect(&undisturbed, region, &["BatchExecuteStatement"], kind, 2).await;
        }
        let undisturbed = self.undisturbed(HARMLESS_REGION, false).await;
        self.check_without_effect(&undisturbed, HARMLESS_REGION, &["BatchGetItem"], "unprocessed", 3).await;
        self.check_unprocessed().await;
        if queries {
            self.check_without_effect(&undisturbed, HARMLESS_REGION, &["Query"], "empty-page", 2).await;
        } else {
            let lab = PausedLab::new(HARMLESS_REGION, self.scenario).await;
            self.run(&lab).await.expect("a response");
            assert!(lab.log().iter().all(|call| call.operation != "Query"), "a run sends a Query");
        }
    }

    /// Lets each paged operation return an empty page with a token, twice. The later pages must be requested.
    pub async fn check_empty_pages(&self) {
        let undisturbed = self.undisturbed(HARMLESS_REGION, false).await;
        for operation in self.paged {
            self.check_without_effect(&undisturbed, HARMLESS_REGION, &[operation], "empty-page", 2).await;
        }
    }

    /// Sets the clock of the services twenty minutes ahead. The SDK corrects its own clock after the first rejected request.
    ///
    /// # Panics
    ///
    /// If the run stores anything else than without the fault.
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

    async fn check_temporary_of(&self, operations: &[&str]) {
        for (kind, region) in TEMPORARY.into_iter().zip(TEMPORARY_REGIONS) {
            let undisturbed = self.undisturbed(region, false).await;
            self.check_without_effect(&undisturbed, region, operations, kind, TEMPORARY_TIMES).await;
        }
    }

    async fn check_without_effect(
        &self,
        undisturbed: &Table,
        region: &'static str,
        operations: &[&str],
        kind: &str,
        times: u64,
    ) {
        let lab = PausedLab::new(region, self.scenario).await;
        for operation in operations {
            lab.fault(&format!("{}={kind}:{times}", selector::<C>(operation)));
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
        assert_eq!(faults as u64, times * operations.len() as u64, "{what}: every fault occurred");
        let throttled = log.iter().filter(|call| call.throttled && call.service != "dynamodb").count();
        assert_eq!(response["throttled"], throttled, "{what}");
        let differences = undisturbed.differences(&lab.table().await);
        assert!(differences.is_empty(), "{what}:\n{}", differences.join("\n"));
    }

    /// Checks that unprocessed keys are read: a second run over the same answers writes only `run`.
    async fn check_unprocessed(&self) {
        let lab = PausedLab::new(HARMLESS_REGION, self.scenario).await;
        self.run(&lab).await.expect("a response");
        lab.advance(1);
        lab.clear_log();
        // The first batch contains only the state.
        lab.fault("BatchGetItem=unprocessed:3");
        let response = self.run(&lab).await.expect("a response");
        assert_eq!((&response["status"], &response["written"]), (&"ok".into(), &0.into()), "{response}");
        assert_eq!(response["unchanged"], response["fetched"], "{response}");
        let puts = lab.log().iter().filter(|call| call.operation == "PutItem").count();
        assert_eq!(puts, 1, "the run");
    }

    async fn run(&self, lab: &PausedLab) -> Result<Value, InvocationError> {
        let variables = [self.variables, &[ONE_AT_A_TIME]].concat();
        let response = lab.invoke::<C>(&variables, "{}", |_| ()).await?;
        assert_adds_up(&response);
        Ok(response)
    }

    /// The table after a run without faults, at the start of the scenario or a minute later.
    async fn undisturbed(&self, region: &'static str, is_later: bool) -> Table {
        let lab = PausedLab::new(region, self.scenario).await;
        if is_later {
            lab.advance(60);
        }
        assert_eq!(self.run(&lab).await.expect("a response")["status"], "ok");
        lab.table().await
    }
}

/// The simulator's notation of an operation. An operation of the service includes the service's name, because other services
/// may have one with the same name.
fn selector<C: Collector>(operation: &str) -> String {
    match C::SOURCE.operation(operation) {
        Some(own) => format!("{}:{}", own.service, own.name),
        None => operation.to_owned(),
    }
}

/// Checks that a failed run counted its issues in `state` or `run`, if the table accepted either.
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
