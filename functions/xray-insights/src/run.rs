//! One run: the groups, every page of their summaries, the details of each new or changed insight, and insights that are
//! stored as open but no longer listed.

use crate::config::XrayInsights;
use crate::fetch::Fetch;
use crate::groups::{Chosen, choose};
use crate::insight::{Insights, Reason};
use crate::listing::{Listing, version};
use crate::normalize::{self, insight_key};
use aws_sdk_xray::types::{GroupSummary, InsightState, InsightSummary};
use insights_shared::aws::SdkConfig;
use insights_shared::collector::{Checkpoint, Collector};
use insights_shared::completeness::{Completeness, WriteOutcome};
use insights_shared::environment::Environment;
use insights_shared::fields::Faults;
use insights_shared::issue::{CallError, REQUEST_INVALID, Stage, WINDOW_UNAVAILABLE};
use insights_shared::key::Key;
use insights_shared::log;
use insights_shared::page::Pages;
use insights_shared::payload::{Push, Window};
use insights_shared::record::{Source, Status, Stored};
use insights_shared::report::Outcome;
use insights_shared::sdk::timestamp;
use insights_shared::store::read::{Found, Projection};
use insights_shared::target::Target;
use insights_shared::target_run::{ExistenceHint, TargetRun, Work};
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_sources::xray;
use insights_sources::xray::{SUMMARY_VERSION, is_insight_id, pushed_id};

/// X-Ray keeps insights for 30 days, by its own clock. Slightly less is requested, because our clock may be behind.
const REACH_DAYS: i64 = 30;
/// The safety margin in seconds. It is longer than any invocation, because every page of a listing is requested with the same
/// start.
const REACH_MARGIN_SECONDS: i64 = 1_800;
/// The maximum number of insights that one group may list.
const MOST_LISTED: usize = 200_000;
/// The maximum number of unlisted insights that are read at the same time, with `detail`.
const UNLISTED_AT_ONCE: usize = 100;

impl Collector for XrayInsights {
    const SOURCE: Source = xray::SOURCE;

    fn read(environment: &Environment, faults: &mut Faults) -> Self {
        Self::read(environment, faults)
    }

    fn prepare(sdk: &SdkConfig) {
        let _ = aws_sdk_xray::Client::new(sdk);
    }

    async fn collect(&self, run: &TargetRun) -> Checkpoint {
        let reach = run.now.plus_seconds(-REACH_DAYS * DAY_SECONDS + REACH_MARGIN_SECONDS);
        let insights = Insights { fetch: Fetch::new(run), run, reach };
        let collect_run = CollectRun { insights, run, configured: self.groups.as_deref(), reach };
        match &run.work {
            Work::Push(push) => collect_run.push(push).await,
            Work::Window(window) => collect_run.backfill(*window).await,
            Work::Scheduled => collect_run.scheduled().await,
        }
    }
}

/// One target's run.
struct CollectRun<'a> {
    insights: Insights<'a>,
    run: &'a TargetRun,
    /// `XRAY_GROUPS`.
    configured: Option<&'a [String]>,
    /// The earliest time for which X-Ray has data.
    reach: Timestamp,
}

/// The result of listing all groups.
#[must_use = "a watermark must not move past missing data"]
struct ListResult {
    /// Whether every page of every group was returned.
    is_whole: bool,
    /// Whether the listing is whole, and everything listed was fetched and stored.
    completeness: Completeness,
}

impl CollectRun<'_> {
    async fn scheduled(&self) -> Checkpoint {
        let run = self.run;
        let lookback = run.now.plus_seconds(-run.settings.lookback_days * DAY_SECONDS);
        let window = Window { start: lookback.max(self.reach), end: run.now };
        let mut listing = Listing::default();
        let ListResult { is_whole, mut completeness } = self.list(window, &mut listing).await;
        // An insight that is missing from an incomplete listing may be in the missing part.
        if is_whole {
            completeness &= self.unlisted(&listing).await;
        }
        let watermark = completeness.is_complete().then_some(run.now);
        Checkpoint { watermark, window: Some(window), ..Checkpoint::default() }
    }

    async fn backfill(&self, asked: Window) -> Checkpoint {
        let mut window = asked;
        if asked.start < self.reach {
            let message =
                format!("X-Ray keeps {REACH_DAYS} days: data before {} are not available", self.reach);
            let subject = format!("{} to {}", asked.start, asked.end.min(self.reach));
            let report = &self.run.report;
            report.answered();
            report.permanent_issue(
                Stage::Fetch,
                "GetInsightSummaries",
                &subject,
                WINDOW_UNAVAILABLE,
                &message,
            );
            window.start = self.reach;
        }
        if window.start < window.end {
            let listed = self.list(window, &mut Listing::default()).await;
            if !listed.completeness.is_complete() {
                // The order of a listing does not show how far it came.
                window.end = window.start;
            }
        }
        Checkpoint {
            window: Some(Window { start: asked.start, end: window.end.min(asked.end) }),
            ..Checkpoint::default()
        }
    }

    async fn push(&self, push: &Push) -> Checkpoint {
        let mut outcome = WriteOutcome::default();
        if let Some(id) = pushed_id(&push.detail) {
            outcome = self.insights.collect(vec![(id, Reason::Pushed)], ExistenceHint::Unknown).await;
        }
        Checkpoint::nothing_done(outcome.completeness)
    }

    /// Lists every group, and collects new and changed insights.
    async fn list(&self, window: Window, listing: &mut Listing) -> ListResult {
        let report = &self.run.report;
        let groups = match self.insights.fetch.groups().await {
            Ok(groups) => groups,
            Err(error) => {
                let completeness = report.call_failed(Stage::Fetch, "groups", &error);
                return ListResult { is_whole: false, completeness };
            }
        };
        let Chosen { groups, faults } = choose(groups, self.configured);
        let mut outcome = WriteOutcome::default();
        for (name, fault) in &faults {
            outcome.add(report.issue(Stage::Fetch, "GetGroups", name, REQUEST_INVALID, false, fault));
        }
        if groups.is_empty() {
            report.not_enabled();
        }
        let mut is_whole = true;
        for group in &groups {
            if let Err(error) = self.list_group(group, window, listing, &mut outcome).await {
                let subject = group.group_name.as_deref().or(group.group_arn.as_deref()).unwrap_or_default();
                outcome.add(report.call_failed(Stage::Fetch, subject, &error));
                is_whole = false;
            }
        }
        outcome.add(self.collect_newer_versions(listing).await);
        ListResult { is_whole, completeness: outcome.completeness }
    }

    /// Fetches an insight again if a later page or another group listed a newer version than the one that was fetched. Its
    /// records were already counted, and count once.
    async fn collect_newer_versions(&self, listing: &mut Listing) -> WriteOutcome {
        let _counting = self.run.report.newer_versions();
        let outdated = listing.take_outdated();
        let outdated = outdated.iter().map(|(id, version)| (id.as_str(), Reason::Listed(*version)));
        self.insights.collect(outdated.collect(), ExistenceHint::Unknown).await
    }

    /// Lists one group, and collects new and changed insights. `outcome` is the combined result of everything listed so far.
    async fn list_group(
        &self,
        group: &GroupSummary,
        window: Window,
        listing: &mut Listing,
        outcome: &mut WriteOutcome,
    ) -> Result<(), CallError> {
        let mut pages = Pages::new("GetInsightSummaries").holding_at_most(MOST_LISTED);
        while let Some(token) = pages.next() {
            let (summaries, next) = self.insights.fetch.summaries(group, window, token).await?;
            // The id of each summary is kept until all groups are listed.
            let turned = pages.turn(next.as_deref()).and_then(|()| pages.hold(summaries.len()));
            let hint = self.run.hint(outcome.found_existing);
            outcome.add(self.collect_page(summaries, listing, hint).await);
            turned?;
        }
        Ok(())
    }

    /// Compares a page of summaries with the stored records, and collects new and changed insights. If nothing has to be
    /// fetched, the page counts as an answer of the service. Otherwise the answers about its insights count.
    async fn collect_page(
        &self,
        summaries: Vec<InsightSummary>,
        listing: &mut Listing,
        hint: ExistenceHint,
    ) -> WriteOutcome {
        let run = self.run;
        let mut outcome = WriteOutcome::default();
        let (summaries, unusable): (Vec<InsightSummary>, Vec<InsightSummary>) = summaries
            .into_iter()
            .partition(|summary| summary.insight_id.as_deref().is_some_and(is_insight_id));
        for summary in &unusable {
            // Without a valid id, an insight cannot be requested.
            let rejected = normalize::unusable_summary(summary, &run.target);
            outcome.add(run.reject("GetInsightSummaries", &rejected).await);
        }
        let summaries = listing.add(summaries);
        // Summaries of insights that were already fetched are compared once everything is listed.
        let summaries: Vec<InsightSummary> = summaries
            .into_iter()
            .filter(|summary| !summary.insight_id.as_deref().is_some_and(|id| listing.is_fetched(id)))
            .collect();
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        let key = |id: &str| insight_key(&run.target, id);
        let keys: Vec<Key> =
            summaries.iter().filter_map(|summary| summary.insight_id.as_deref()).map(key).collect();
        let found = match hint {
            ExistenceHint::Unknown => run.store.read(&keys, Projection::Version).await,
            ExistenceHint::Absent => Found::default(),
        };
        for summary in &summaries {
            let Some(id) = summary.insight_id.as_deref() else { continue };
            let key = insight_key(&run.target, id);
            if let Some(error) = found.failed.get(&key) {
                listing.count(&run.report, id, Outcome::Failed);
                outcome.add(run.report.call_failed(Stage::Write, id, error));
                continue;
            }
            // An expired insight that is stored as open must still be closed.
            if self.is_expired(summary) && !found.items.contains_key(&key) {
                continue;
            }
            let version = version(summary);
            if let Some(outcome) = classify(version, found.items.get(&key)) {
                listing.count(&run.report, id, outcome);
                continue;
            }
            listing.fetch(&run.report, id);
            let list = if found.items.contains_key(&key) { &mut changed } else { &mut new };
            list.push((id, Reason::Listed(version)));
        }
        if new.is_empty() && changed.is_empty() && found.failed.is_empty() {
            run.report.answered();
        }
        outcome.add(self.insights.collect(new, ExistenceHint::Absent).await);
        outcome.add(self.insights.collect(changed, ExistenceHint::Unknown).await);
        outcome
    }

    /// Whether an insight ended so long ago that its record would have expired.
    fn is_expired(&self, summary: &InsightSummary) -> bool {
        let retention = self.run.settings.retention_days * DAY_SECONDS;
        let end = summary.end_time.as_ref().and_then(timestamp);
        let closed = summary.state == Some(InsightState::Closed);
        retention > 0 && closed && end.is_some_and(|end| end.plus_seconds(retention) <= self.run.now)
    }

    /// Fetches every insight that is stored as open and is not in the listing, which must be complete.
    async fn unlisted(&self, listing: &Listing) -> Completeness {
        let run = self.run;
        let Target { account_id, region, .. } = &run.target;
        let unlisted =
            |stored: Stored| stored.text("id").filter(|id| !listing.contains(id)).map(str::to_owned);
        let unlisted = run.store.choose_open_insights(xray::SOURCE, account_id, region, unlisted).await;
        let unlisted = match unlisted {
            Ok(unlisted) => unlisted,
            Err(error) => return run.report.call_failed(Stage::Write, "open", &error),
        };
        let mut completeness = Completeness::Complete;
        for ids in unlisted.chunks(UNLISTED_AT_ONCE) {
            completeness &= self.collect_unlisted(ids).await;
        }
        completeness
    }

    /// Fetches insights that were not listed, if they are stored as open.
    async fn collect_unlisted(&self, ids: &[String]) -> Completeness {
        let run = self.run;
        let keys: Vec<Key> = ids.iter().map(|id| insight_key(&run.target, id)).collect();
        let found = run.store.read(&keys, Projection::Whole).await;
        let mut completeness = Completeness::Complete;
        let mut unlisted = Vec::new();
        for (id, key) in ids.iter().zip(&keys) {
            match (found.failed.get(key), found.items.get(key)) {
                (Some(error), _) => completeness &= run.report.call_failed(Stage::Write, id, error),
                // The index may lag behind the item itself.
                (None, Some(stored)) if stored.text("status") == Some(Status::Open.as_str()) => {
                    unlisted.push((id.as_str(), Reason::Unlisted(stored)));
                }
                (None, _) => {}
            }
        }
        completeness &= self.insights.collect(unlisted, ExistenceHint::Unknown).await.completeness;
        completeness
    }
}

/// The outcome of a listed insight that need not be fetched; `None` if it must be fetched.
fn classify(version: Option<Timestamp>, stored: Option<&Stored>) -> Option<Outcome> {
    let stored = stored?;
    if stored.is_newer_schema() {
        log::newer_schema(stored.text("pk").unwrap_or_default(), stored.text("sk").unwrap_or_default());
        return Some(Outcome::Stale);
    }
    if stored.text("status_reason").is_some() {
        return None; // We closed it, but X-Ray still lists it, so X-Ray's answer takes precedence.
    }
    let (version, known) = (version?, stored.detail_time(SUMMARY_VERSION)?);
    match version.cmp(&known) {
        std::cmp::Ordering::Equal => Some(Outcome::Unchanged),
        std::cmp::Ordering::Less => Some(Outcome::Stale),
        std::cmp::Ordering::Greater => None,
    }
}
