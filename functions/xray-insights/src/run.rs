//! The story of a run: the groups, every page of their summaries, what is new or changed in full, and what is stored as
//! open but listed no longer.

use crate::config::XrayInsights;
use crate::fetch::Fetch;
use crate::insight::Asked;
use crate::listing::{Listing, version};
use crate::normalize::{self, insight_key};
use aws_sdk_xray::types::{GroupSummary, InsightState, InsightSummary};
use insights_shared::aws::SdkConfig;
use insights_shared::collector::{Collector, Finish};
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
use insights_shared::target_run::{Known, TargetRun, Work};
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_sources::xray;
use insights_sources::xray::{SUMMARY_VERSION, is_insight_id, pushed_id};
use std::collections::HashSet;

/// X-Ray answers for the last 30 days by its own clock; a little less is asked for, since ours may be behind.
const REACH_DAYS: i64 = 30;
/// How much less: longer than any invocation lasts, since every page of a listing asks with the same start.
const REACH_MARGIN_SECONDS: i64 = 1_800;
/// The most insights that one group may list.
const MOST_LISTED: usize = 200_000;
/// How many of the insights that are listed no longer are read at once, whole.
const VANISHED_AT_ONCE: usize = 100;

impl Collector for XrayInsights {
    const SOURCE: Source = xray::SOURCE;

    fn read(environment: &Environment, faults: &mut Faults) -> Self {
        Self::read(environment, faults)
    }

    fn prepare(sdk: &SdkConfig) {
        let _ = aws_sdk_xray::Client::new(sdk);
    }

    async fn collect(&self, run: &TargetRun) -> Finish {
        let reach = run.now.plus_seconds(-REACH_DAYS * DAY_SECONDS + REACH_MARGIN_SECONDS);
        let story = Story { fetch: Fetch::new(run), run, reach };
        match &run.work {
            Work::Push(push) => story.push(push).await,
            Work::Window(window) => story.backfill(self, *window).await,
            Work::Scheduled => story.scheduled(self).await,
        }
    }
}

/// A run, with what it asks and what it keeps to.
pub(crate) struct Story<'a> {
    pub(crate) fetch: Fetch<'a>,
    pub(crate) run: &'a TargetRun,
    /// X-Ray knows nothing before.
    pub(crate) reach: Timestamp,
}

impl Story<'_> {
    async fn scheduled(&self, collector: &XrayInsights) -> Finish {
        let run = self.run;
        let lookback = run.now.plus_seconds(-run.settings.lookback_days * DAY_SECONDS);
        let window = Window { start: lookback.max(self.reach), end: run.now };
        let mut listing = Listing::default();
        // What a failed listing does not show may be in the part that is missing.
        if self.list(collector, window, &mut listing).await {
            self.vanished(&listing).await;
        }
        let watermark = run.report.is_clean().then_some(run.now);
        Finish { watermark, window: Some(window), ..Finish::default() }
    }

    async fn backfill(&self, collector: &XrayInsights, asked: Window) -> Finish {
        let mut window = asked;
        if asked.start < self.reach {
            let message = format!("X-Ray keeps {REACH_DAYS} days: nothing is known before {}", self.reach);
            let subject = format!("{} to {}", asked.start, asked.end.min(self.reach));
            let report = &self.run.report;
            report.answered();
            report.issue(Stage::Fetch, "GetInsightSummaries", &subject, WINDOW_UNAVAILABLE, false, &message);
            window.start = self.reach;
        }
        if window.start < window.end {
            let before = self.run.report.gaps();
            self.list(collector, window, &mut Listing::default()).await;
            if self.run.report.gaps() > before {
                // Not all of it came, and the listing has no order to say how far it did.
                window.end = window.start;
            }
        }
        Finish {
            window: Some(Window { start: asked.start, end: window.end.min(asked.end) }),
            ..Finish::default()
        }
    }

    async fn push(&self, push: &Push) -> Finish {
        if let Some(id) = pushed_id(&push.detail) {
            self.collect(vec![(id, Asked::Pushed)], Known::Unknown).await;
        }
        Finish::default()
    }

    /// Lists every group and collects what is new or changed. `false` if any part of the listing failed.
    async fn list(&self, collector: &XrayInsights, window: Window, listing: &mut Listing) -> bool {
        let groups = match self.fetch.groups().await {
            Ok(groups) => groups,
            Err(error) => {
                self.run.report.call_failed(Stage::Fetch, "groups", &error);
                return false;
            }
        };
        let groups = self.choose(groups, collector.groups.as_deref());
        if groups.is_empty() {
            self.run.report.not_enabled();
        }
        let mut is_whole = true;
        for group in &groups {
            if let Err(error) = self.list_group(group, window, listing).await {
                let subject = group.group_name.as_deref().or(group.group_arn.as_deref()).unwrap_or_default();
                self.run.report.call_failed(Stage::Fetch, subject, &error);
                is_whole = false;
            }
        }
        self.collect_again(listing).await;
        is_whole
    }

    /// Collects once more what a later page or another group showed in a newer version than the one that was fetched. Its
    /// records were counted then, and count once.
    async fn collect_again(&self, listing: &mut Listing) {
        let before = self.run.report.counts();
        let outdated = listing.take_outdated();
        let outdated = outdated.iter().map(|(id, version)| (id.as_str(), Asked::Listed(*version)));
        self.collect(outdated.collect(), Known::Unknown).await;
        self.run.report.counted_again(before);
    }

    /// The groups to list, each once: those configured, else all that have insights enabled.
    fn choose(&self, groups: Vec<GroupSummary>, configured: Option<&[String]>) -> Vec<GroupSummary> {
        // Of a group that comes twice, the entry with insights and a name counts, wherever it stands.
        let (mut enabled, others): (Vec<GroupSummary>, Vec<GroupSummary>) =
            groups.into_iter().partition(has_insights);
        enabled.sort_by_key(|group| group.group_name.is_none());
        let mut seen = HashSet::new();
        enabled.retain(|group| seen.insert(group.group_arn.clone().or_else(|| group.group_name.clone())));
        let Some(names) = configured else { return enabled };
        let is_named = |group: &GroupSummary, name: &str| group.group_name.as_deref() == Some(name);
        for name in names.iter().filter(|name| !enabled.iter().any(|group| is_named(group, name))) {
            let fault = if others.iter().any(|group| is_named(group, name)) {
                "XRAY_GROUPS names it, but insights are not enabled for this group"
            } else {
                "XRAY_GROUPS names it, but there is no such group"
            };
            self.run.report.issue(Stage::Fetch, "GetGroups", name, REQUEST_INVALID, false, fault);
        }
        names.iter().flat_map(|name| enabled.iter().filter(|group| is_named(group, name))).cloned().collect()
    }

    async fn list_group(
        &self,
        group: &GroupSummary,
        window: Window,
        listing: &mut Listing,
    ) -> Result<(), CallError> {
        let mut pages = Pages::new("GetInsightSummaries").holding_at_most(MOST_LISTED);
        while let Some(token) = pages.next() {
            let (summaries, next) = self.fetch.summaries(group, window, token).await?;
            // The id of each is kept until all groups are listed.
            let turned = pages.turn(next.as_deref()).and_then(|()| pages.hold(summaries.len()));
            self.collect_page(summaries, listing).await;
            turned?;
        }
        Ok(())
    }

    /// Compares a page of summaries with what is stored, and collects what is new or changed. A page that leaves nothing
    /// to ask for is an answer in itself; after any other it is the insights' answers that count.
    async fn collect_page(&self, summaries: Vec<InsightSummary>, listing: &mut Listing) {
        let run = self.run;
        let (summaries, unusable): (Vec<InsightSummary>, Vec<InsightSummary>) = summaries
            .into_iter()
            .partition(|summary| summary.insight_id.as_deref().is_some_and(is_insight_id));
        for summary in &unusable {
            self.reject_summary(summary).await;
        }
        let summaries = listing.add(summaries);
        // An insight that was fetched is looked at again once all is listed.
        let summaries: Vec<InsightSummary> = summaries
            .into_iter()
            .filter(|summary| !summary.insight_id.as_deref().is_some_and(|id| listing.is_fetched(id)))
            .collect();
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        let key = |id: &str| insight_key(&run.target, id);
        let keys: Vec<Key> =
            summaries.iter().filter_map(|summary| summary.insight_id.as_deref()).map(key).collect();
        let found = match run.known() {
            Known::Unknown => run.store.read(&keys, Projection::Version).await,
            Known::Nothing => Found::default(),
        };
        for summary in &summaries {
            let Some(id) = summary.insight_id.as_deref() else { continue };
            let key = insight_key(&run.target, id);
            if let Some(error) = found.failed.get(&key) {
                listing.count(&run.report, id, Outcome::Failed);
                run.report.call_failed(Stage::Write, id, error);
                continue;
            }
            // One that is stored as open has to make way for its end, whenever that was.
            if self.is_over(summary) && !found.items.contains_key(&key) {
                continue;
            }
            let version = version(summary);
            if let Some(outcome) = judge(version, found.items.get(&key)) {
                listing.count(&run.report, id, outcome);
                continue;
            }
            listing.fetch(&run.report, id);
            let list = if found.items.contains_key(&key) { &mut changed } else { &mut new };
            list.push((id, Asked::Listed(version)));
        }
        if new.is_empty() && changed.is_empty() && found.failed.is_empty() {
            run.report.answered();
        }
        self.collect(new, Known::Nothing).await;
        self.collect(changed, Known::Unknown).await;
    }

    /// Whether an insight ended so long ago that it would have expired.
    fn is_over(&self, summary: &InsightSummary) -> bool {
        let retention = self.run.settings.retention_days * DAY_SECONDS;
        let end = summary.end_time.as_ref().and_then(timestamp);
        let closed = summary.state == Some(InsightState::Closed);
        retention > 0 && closed && end.is_some_and(|end| end.plus_seconds(retention) <= self.run.now)
    }

    /// A summary without an id that could be asked for is kept as rejected.
    async fn reject_summary(&self, summary: &InsightSummary) {
        let rejected = normalize::unusable_summary(summary, &self.run.target);
        self.run.reject("GetInsightSummaries", &rejected).await;
    }

    /// Asks for every insight that is stored as open but was not listed, after a listing that is whole.
    async fn vanished(&self, listing: &Listing) {
        let run = self.run;
        let Target { account_id, region, .. } = &run.target;
        let unlisted =
            |stored: Stored| stored.text("id").filter(|id| !listing.contains(id)).map(str::to_owned);
        let unlisted = run.store.choose_open_insights(xray::SOURCE, account_id, region, unlisted).await;
        let unlisted = match unlisted {
            Ok(unlisted) => unlisted,
            Err(error) => return run.report.call_failed(Stage::Write, "open", &error),
        };
        for ids in unlisted.chunks(VANISHED_AT_ONCE) {
            self.ask_again(ids).await;
        }
    }

    /// Asks for insights that were not listed, as far as they are stored as open.
    async fn ask_again(&self, ids: &[String]) {
        let run = self.run;
        let keys: Vec<Key> = ids.iter().map(|id| insight_key(&run.target, id)).collect();
        let found = run.store.read(&keys, Projection::Whole).await;
        let mut vanished = Vec::new();
        for (id, key) in ids.iter().zip(&keys) {
            match (found.failed.get(key), found.items.get(key)) {
                (Some(error), _) => run.report.call_failed(Stage::Write, id, error),
                // The index may lag behind the item itself.
                (None, Some(stored)) if stored.text("status") == Some(Status::Open.as_str()) => {
                    vanished.push((id.as_str(), Asked::Vanished(stored)));
                }
                (None, _) => {}
            }
        }
        self.collect(vanished, Known::Unknown).await;
    }
}

/// Whether a group has insights enabled.
fn has_insights(group: &GroupSummary) -> bool {
    let configuration = group.insights_configuration.as_ref();
    configuration.and_then(|configuration| configuration.insights_enabled) == Some(true)
}

/// What becomes of a listed insight without asking for it, if that is certain.
fn judge(version: Option<Timestamp>, stored: Option<&Stored>) -> Option<Outcome> {
    let stored = stored?;
    if stored.is_newer_schema() {
        log::newer_schema(stored.text("pk").unwrap_or_default(), stored.text("sk").unwrap_or_default());
        return Some(Outcome::Stale);
    }
    if stored.text("status_reason").is_some() {
        return None; // We closed it, but X-Ray lists it: its answer is worth more.
    }
    let (version, known) = (version?, stored.detail_time(SUMMARY_VERSION)?);
    match version.cmp(&known) {
        std::cmp::Ordering::Equal => Some(Outcome::Unchanged),
        std::cmp::Ordering::Less => Some(Outcome::Stale),
        std::cmp::Ordering::Greater => None,
    }
}
