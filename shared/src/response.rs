//! The response of a function, within Lambda's limit: how many issues each target lists, and which targets are listed.
//!
//! Counters, statuses and counts of issues include everything. Only lists are cut; the omitted entries are counted.

use crate::counts::{Counts, Issue, RunStatus};
use crate::payload::Window;
use crate::record::Source;
use crate::time::Timestamp;
use serde::Serialize;
use serde::ser::Serializer;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The maximum number of issues that a target lists.
pub const MOST_ISSUES: usize = 50;
/// The maximum size of a response, in bytes of JSON. Lambda's limit is 6 MB.
pub const LARGEST_RESPONSE: usize = 5 * 1024 * 1024;

/// One target's part of a response.
#[derive(Clone, Debug, Serialize)]
pub struct TargetResponse {
    /// The account.
    pub account_id: String,
    /// The region.
    pub region: String,
    /// The status of the target.
    pub status: RunStatus,
    /// The collected time span; everything before `end` is stored.
    #[serde(serialize_with = "window", skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// If the run skipped the target because the source was not enabled before: from when a run requests it again.
    #[serde(serialize_with = "instant", skip_serializing_if = "Option::is_none")]
    pub ask_again_at: Option<Timestamp>,
    /// The counters.
    #[serde(flatten)]
    pub counts: Counts,
    /// All issues by code.
    pub issue_counts: BTreeMap<String, u64>,
    /// The lasting issues among them by code, for `state`. In the response, these issues have the member `lasting`.
    #[serde(skip)]
    pub lasting_counts: BTreeMap<String, u64>,
    /// The listed issues, at most [`MOST_ISSUES`].
    pub issues: Vec<Issue>,
    /// The number of issues that are not listed.
    pub issues_left_out: u64,
}

#[expect(clippy::ref_option, reason = "serde hands a reference to the field")]
fn window<S: Serializer>(window: &Option<Window>, serializer: S) -> Result<S::Ok, S::Error> {
    let texts = window
        .map(|window| BTreeMap::from([("start", window.start.to_string()), ("end", window.end.to_string())]));
    texts.serialize(serializer)
}

#[expect(clippy::ref_option, reason = "serde hands a reference to the field")]
fn instant<S: Serializer>(instant: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    instant.map(|instant| instant.to_string()).serialize(serializer)
}

/// The response of a function.
#[derive(Clone, Debug, Serialize)]
pub struct Response {
    /// The id of the source, for example `xray`.
    pub source: &'static str,
    /// The status of the invocation.
    pub status: RunStatus,
    /// Whether the run was a dry run, which writes nothing.
    pub dry_run: bool,
    /// The counters of all targets.
    #[serde(flatten)]
    pub counts: Counts,
    /// The resources that the run used.
    #[serde(flatten)]
    pub usage: Usage,
    /// The number of issues that are not listed, including those of targets that are not listed.
    pub issues_left_out: u64,
    /// The number of targets that are not listed.
    pub targets_left_out: u64,
    /// The targets.
    pub targets: Vec<TargetResponse>,
    /// The number of all issues, whether listed or not.
    #[serde(skip)]
    pub issues: u64,
}

/// The resources that a run used.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Usage {
    /// Requests sent to the source, retries included, by operation.
    pub api_calls: BTreeMap<String, u64>,
    /// The number of throttled requests among them.
    pub throttled: u64,
    /// DynamoDB read units that the table and its indexes consumed.
    pub read_units: f64,
    /// DynamoDB write units that the table and its indexes consumed.
    pub write_units: f64,
    /// The duration of the invocation in milliseconds.
    pub duration_ms: i64,
}

impl Response {
    /// The response for `targets`, with as many issues and targets as fit into `largest` bytes of JSON.
    pub fn new(source: Source, dry_run: bool, usage: Usage, mut targets: Targets, largest: usize) -> Self {
        let mut response = Self {
            source: source.as_str(),
            status: RunStatus::of_all(targets.statuses.iter().copied()),
            dry_run,
            counts: targets.counts,
            usage,
            issues_left_out: 0,
            targets_left_out: 0,
            targets: Vec::new(),
            issues: targets.issues,
        };
        loop {
            response.issues_left_out = targets.issues_left_out();
            if targets.most == 0 || targets.fit(room(&response, largest)) {
                break;
            }
            targets.lower(targets.most - 1);
        }
        let all_fit = targets.fit(room(&response, largest));
        let mut listed = targets.listed;
        if !all_fit {
            (response.issues_left_out, response.targets_left_out) = (response.issues, listed.len() as u64);
            listed = by_severity(listed, room(&response, largest));
            response.issues_left_out -=
                listed.iter().map(|target| target.response.issues.len() as u64).sum::<u64>();
            response.targets_left_out -= listed.len() as u64;
        }
        response.targets = listed.into_iter().map(|target| target.response).collect();
        response
            .targets
            .sort_by(|left, right| (&left.account_id, &left.region).cmp(&(&right.account_id, &right.region)));
        response
    }
}

/// The number of bytes that are left for the targets of a response. Each target has a comma except the first.
fn room(response: &Response, largest: usize) -> usize {
    largest.saturating_add(1).saturating_sub(json_length(response))
}

/// The targets that fit into `room` bytes of JSON: first those that failed, then those that are incomplete.
fn by_severity(mut targets: Vec<Listed>, room: usize) -> Vec<Listed> {
    let rank = |status: RunStatus| match status {
        RunStatus::Failed => 2,
        RunStatus::Partial => 1,
        RunStatus::Ok | RunStatus::NotEnabled => 0,
    };
    targets.sort_by(|left, right| {
        let key = |target: &Listed| Reverse(rank(target.response.status));
        let place = |target: &Listed| (target.response.account_id.clone(), target.response.region.clone());
        key(left).cmp(&key(right)).then_with(|| place(left).cmp(&place(right)))
    });
    let mut length = 0;
    let fits = |target: &&Listed| {
        length += target.length();
        length <= room
    };
    let fitting = targets.iter().take_while(fits).count();
    targets.truncate(fitting);
    targets
}

/// The targets of a response, in the order in which their runs end. The size of the list stays near the limit of a response,
/// for any number of targets and issues.
#[derive(Debug)]
pub struct Targets {
    listed: Vec<Listed>,
    statuses: Vec<RunStatus>,
    counts: Counts,
    issues: u64,
    /// The maximum number of issues that each target lists.
    most: usize,
    /// The size of the list in bytes.
    length: usize,
}

impl Default for Targets {
    fn default() -> Self {
        Self {
            listed: Vec::new(),
            statuses: Vec::new(),
            counts: Counts::default(),
            issues: 0,
            most: MOST_ISSUES,
            length: 0,
        }
    }
}

impl Targets {
    /// Adds a target.
    pub fn add(&mut self, target: TargetResponse) {
        self.statuses.push(target.status);
        self.counts.merge(&target.counts);
        self.issues += target.issue_counts.values().sum::<u64>();
        let mut target = Listed::new(target);
        target.keep(self.most);
        self.length += target.length();
        self.listed.push(target);
        // The list only grows, so issues that are omitted now would also be omitted at the end.
        while self.length > LARGEST_RESPONSE && self.most > 0 {
            self.lower(self.most - 1);
        }
    }

    fn fit(&self, room: usize) -> bool {
        self.length <= room
    }

    /// Limits every target to `most` issues.
    fn lower(&mut self, most: usize) {
        self.most = most;
        self.listed.iter_mut().for_each(|target| target.keep(most));
        self.length = self.listed.iter().map(Listed::length).sum();
    }

    fn issues_left_out(&self) -> u64 {
        self.listed.iter().map(|target| target.response.issues_left_out).sum()
    }
}

/// A target and its size in bytes of JSON.
#[derive(Debug)]
struct Listed {
    response: TargetResponse,
    /// The size of everything except the issues and their number, in bytes.
    rest: usize,
    /// The size of each issue, in bytes.
    issues: Vec<usize>,
}

impl Listed {
    fn new(mut response: TargetResponse) -> Self {
        let listed = std::mem::take(&mut response.issues);
        let left_out = std::mem::take(&mut response.issues_left_out);
        let rest = json_length(&response) - 1;
        let issues = listed.iter().map(json_length).collect();
        (response.issues, response.issues_left_out) = (listed, left_out);
        Self { response, rest, issues }
    }

    /// Limits the target to `most` issues. It first omits issues that are also in the table (rejected answers and lasting
    /// issues), then the last of the others.
    fn keep(&mut self, most: usize) {
        let issues = &mut self.response.issues;
        while issues.len() > most {
            let index = issues.iter().rposition(Issue::is_kept_elsewhere).unwrap_or(issues.len() - 1);
            issues.remove(index);
            self.issues.remove(index);
            self.response.issues_left_out += 1;
        }
    }

    /// The size of the target in a list with the comma before it, in bytes.
    fn length(&self) -> usize {
        let commas = self.issues.len().saturating_sub(1);
        let number = json_length(&self.response.issues_left_out);
        1 + self.rest + number + commas + self.issues.iter().sum::<usize>()
    }
}

/// The size of `value` as JSON, in bytes.
fn json_length(value: &impl Serialize) -> usize {
    struct Length(usize);
    impl Write for Length {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut length = Length(0);
    // Counting bytes cannot fail, and all keys are strings.
    let _ = serde_json::to_writer(&mut length, value);
    length.0
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
