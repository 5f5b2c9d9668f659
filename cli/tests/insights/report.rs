//! The report as a file: content, size, and no references to other resources.
use crate::support::story::{STORY, Story, insight};
use base64::Engine;
use insights_web::page::assets::SCRIPTS;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The report of `story` on standard output.
fn report(story: &Story, further: &[&str]) -> String {
    story.output(&[&["report", "--out", "-", "--utc"], further].concat())
}

/// The text of `page` between `from` and the next `until`.
fn between<'a>(page: &'a str, from: &str, until: &str) -> &'a str {
    let (_, rest) = page.split_once(from).unwrap_or_else(|| panic!("{from} is missing"));
    rest.split_once(until).unwrap_or_else(|| panic!("{until} is missing after {from}")).0
}

/// A section of the page by its anchor.
fn section<'a>(page: &'a str, anchor: &str) -> &'a str {
    between(page, &format!("<section id=\"{anchor}\""), "</section>")
}

#[test]
fn a_report_lists_open_insights_worst_first_and_earlier_ones() {
    let page = report(&STORY, &[]);
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.contains("All sources, last 7 days: 6 of 10 open ("), "as many as the story has");
    let now = section(&page, "now");
    let places: Vec<usize> =
        ["61.7% of its requests", "AccessDeniedException error rate 0.8", "card-network answers again"]
            .map(|text| now.rfind(text).unwrap_or_else(|| panic!("{text} is missing")))
            .to_vec();
    assert!(places.is_sorted(), "critical, high, medium: {places:?}");
    assert!(now.contains("began 4 minutes before faults in payments; they share secretsmanager."));
    assert!(page.contains("Every source in use was collected"));
}

#[test]
fn an_insight_has_charts_tables_and_a_console_link() {
    let page = report(&STORY, &[]);
    let now = section(&page, "now");
    for expected in [
        // X-Ray: root cause and anomalous services separately, the share at each event, the graph.
        "<dt>Root cause</dt><dd><b>payments",
        "<dt>Anomalous</dt>",
        "5,861 of 9,499 requests (61.7%)",
        "data-chart=\"shares\"",
        "data-chart=\"graph\"",
        "\"mark\":\"root_cause\"",
        "\"mark\":\"anomalous\"",
        "Services of the service graph",
        // CloudTrail: the rate with baseline and span, and what was known.
        "data-chart=\"rate\"",
        "\"baseline\":0.0006",
        "\"span\":[",
        "Buckets that are not zero",
        "all other times are unknown",
        "Callers and results (calls per minute)",
        "https://eu-west-1.console.aws.amazon.com/xray/home?region=eu-west-1#/service-map",
        "https://eu-west-1.console.aws.amazon.com/cloudtrailv2/home?region=eu-west-1#/events",
    ] {
        assert!(now.contains(expected), "{expected} is missing");
    }
    // Every internal link has a target.
    let anchors: BTreeSet<&str> =
        page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let links: BTreeSet<&str> =
        page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(links.len() > 10, "{links:?}");
    assert!(links.is_subset(&anchors), "{:?}", links.difference(&anchors));
}

#[test]
fn the_compliance_section_has_days_and_worst_controls() {
    let page = report(&STORY, &[]);
    let compliance = section(&page, "compliance");
    for expected in [
        "class=\"noncompliant\"",
        "class=\"inconclusive\"",
        "not collected",
        "Non-compliant controls: ",
        "SOC 2: checkout and payments",
        // A day that was not collected has no number in the chart.
        "{\"counts\":null,\"day\":\"2026-02-",
        "\"why\":\"not collected\"",
    ] {
        assert!(compliance.contains(expected), "{expected} is missing");
    }
    let freshness = section(&page, "freshness");
    let cells = ["class=\"state good\"", "class=\"state off\""].map(|class| freshness.matches(class).count());
    assert!(cells[0] >= 3, "{freshness}");
    assert_eq!(cells[0] + cells[1], insights_sources::all().len(), "a cell for each source: {freshness}");
    let timeline = section(&page, "timeline");
    for lane in ["lane-xray", "lane-cloudtrail", "lane-auditmanager"] {
        assert!(timeline.contains(lane), "{lane}");
    }
    let lanes = insights_sources::all().filter(|source| !source.is_counted_by_day()).count();
    assert_eq!(timeline.matches("data-chart=\"lane\"").count(), lanes);
    assert_eq!(timeline.matches("\"href\":\"#i-").count(), 10, "a bar for each insight");
    assert_eq!(timeline.matches("\"until\":null").count(), 6, "open ones have no end");
}

#[test]
fn a_report_loads_nothing_and_runs_only_its_own_scripts() {
    let page = report(&STORY, &[]);
    let mut rest = page.clone();
    let file = format!("{}/../web/assets/vendor/libraries.min.js", env!("CARGO_MANIFEST_DIR"));
    let libraries = std::fs::read_to_string(file).unwrap();
    assert!(rest.contains(&libraries), "the libraries are in the file as they were built");
    // Addresses inside the libraries are never requested: the content security policy blocks them, and the browser tests check this.
    rest = rest.replace(&libraries, "");
    let outside: BTreeSet<&str> = rest
        .match_indices("://")
        .map(|(at, _)| rest[at + 3..].split(['/', '"', '<', ' ']).next().unwrap())
        .filter(|host| !host.ends_with(".console.aws.amazon.com"))
        .collect();
    let linked = BTreeSet::from(["docs.aws.amazon.com", "kubernetes.io"]);
    assert_eq!(outside, linked, "links of the EKS insight, besides the console's");
    for attribute in [
        " src=",
        "@import",
        "url(http",
        "url(//",
        " style=\"",
        "<iframe",
        "<object",
        " onload=",
        " onclick=",
        "javascript:",
    ] {
        assert!(!rest.contains(attribute), "{attribute}");
    }
    assert!(page.len() < 800_000, "{} bytes", page.len());
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
    let hash = |text: &str| base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes()));
    let style = between(&page, "<style>", "</style>");
    assert!(policy.contains(&format!("style-src 'sha256-{}';", hash(style))), "{policy}");
    let scripts: Vec<&str> =
        page.split("<script>").skip(1).map(|rest| rest.split("</script>").next().unwrap()).collect();
    let hashes: Vec<String> = scripts.iter().map(|script| format!("'sha256-{}'", hash(script))).collect();
    assert_eq!(scripts.len(), SCRIPTS.len());
    assert!(policy.contains(&format!("script-src {};", hashes.join(" "))), "{policy}");
    assert_eq!(scripts_of_others(&page), 0);
    assert_eq!(page.matches("<style").count(), 1);
}

/// The number of `script` elements that are neither the page's own nor data.
fn scripts_of_others(page: &str) -> usize {
    let count = |text: &str| page.matches(text).count();
    count("<script") - count("<script type=\"application/json\">") - count("<script>").min(SCRIPTS.len())
}

#[test]
fn stored_values_are_escaped_as_text() {
    let story = Story::empty();
    let hostile = r#"<script>alert(1)</script><img src=x onerror=alert(2)>\" onmouseover=\"alert(3)"#;
    let json = insight("xray", "hostile", "2026-02-28T00:00:00.000Z", "", "");
    let json = json
        .replace("\"title\":\"Faults in hostile\"", &format!("\"title\":\"{hostile}\""))
        .replace("\"entity\":\"hostile\"", &format!("\"entity\":\"{hostile}\""))
        .replace("\"insight_id\":\"hostile\"", &format!("\"insight_id\":\"x\",\"group_name\":\"{hostile}\",\"root_cause_service_id\":{{\"name\":\"{hostile}\"}}"))
        .replace("\"severity\":\"high\"", r#""severity":"high\" onclick=\"x""#);
    story.put(&json);
    let page = report(&story, &["--since", "30d"]);
    assert!(page.contains("&lt;script&gt;alert(1)"), "the title is there, as text");
    assert_eq!(scripts_of_others(&page), 0);
    assert!(!page.contains("<img src=x"));
    assert!(
        !page.contains("\" onmouseover=\"") && !page.contains("\" onclick=\""),
        "no attribute can be added"
    );
}

#[test]
fn an_empty_table_differs_from_a_table_without_open_insights() {
    let page = report(&Story::empty(), &[]);
    for expected in [
        "last 7 days: nothing was collected</h1>",
        "No scheduled run is recorded in this table.",
        "<b>Unknown</b>: X-Ray has never run, CloudTrail has never run",
        "has never run. <a href=\"#freshness\">See freshness</a>.",
        "has never run.</p>",
        "No counts are stored for this period.",
        "No run is recorded in this table. Deploy",
    ] {
        assert!(page.contains(expected), "{expected} is missing");
    }
}

#[test]
fn a_stale_target_is_shown_at_the_top() {
    let story = Story::empty();
    story.put(
        r#"{"pk":"run#cloudtrail#123456789012#eu-west-1","sk":"state","kind":"state","source":"cloudtrail",
            "account_id":"123456789012","region":"eu-west-1","schema_version":1,"entity_pk":"run#cloudtrail",
            "entity_sk":"123456789012#eu-west-1","last_run_at":"2020-01-01T00:00:00.000Z",
            "last_success_at":"2020-01-01T00:00:00.000Z","last_status":"ok"}"#,
    );
    let page = report(&story, &[]);
    assert!(page.contains("Not everything is up to date."));
    assert!(page.contains("CloudTrail in 123456789012 eu-west-1 is stale and last succeeded"));
    assert!(section(&page, "freshness").contains("class=\"state bad\">stale<"));
}

#[test]
fn the_report_is_written_to_the_given_file_and_not_after_usage_errors() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("out.html");
    let run = STORY.insights(&["report", "--out", file.to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    assert!(run.stderr.contains("out.html: 6 open and 4 ended insights, "), "{}", run.stderr);
    assert!(std::fs::read_to_string(&file).unwrap().ends_with("</html>"));
    for (arguments, said) in [
        (&["--since", "tomorrow"][..], "must be a length of time"),
        (&["--since", "2999-01-01T00:00:00Z"], "is after now, "),
        (&["--local", "nowhere.db"], "file not found"),
    ] {
        let other = root.path().join("other.html");
        let run = STORY.insights(&[&["report", "--out", other.to_str().unwrap()], arguments].concat());
        assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
        assert!(run.stderr.contains(said), "{arguments:?}: {}", run.stderr);
        assert!(!other.exists());
    }
    let run = STORY.insights(&["report", "--out", root.path().join("no/such/folder.html").to_str().unwrap()]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("writing "), "{}", run.stderr);
}

#[test]
fn a_source_that_never_ran_is_not_fresh() {
    let story = Story::empty();
    story.put(&insight("xray", "one", "2026-03-01T10:00:00.000Z", "", ""));
    // As after a push or backfill: there is only the insight.
    let page = report(&story, &[]);
    assert!(
        page.contains("No scheduled run is recorded in this table.") && !page.contains("Fresh."),
        "{page}"
    );
    story.put(
        r#"{"pk":"run#xray#123456789012#eu-west-1","sk":"state","kind":"state","source":"xray","schema_version":1,
            "account_id":"123456789012","region":"eu-west-1","entity_pk":"run#xray","entity_sk":"123456789012#eu-west-1",
            "last_run_at":"2026-03-01T11:50:00.000Z","last_success_at":"2026-03-01T11:50:00.000Z","last_status":"ok"}"#,
    );
    let page = report(&story, &[]);
    let trusted = between(&page, "<b>Fresh.</b>", "</p>");
    assert!(trusted.contains("CloudTrail has never run in 123456789012 eu-west-1"), "{trusted}");
}

#[test]
fn a_report_never_overwrites_the_table() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("insights.db");
    let file = file.to_str().unwrap();
    assert_eq!(crate::support::insights(&["table", "create", "--local", file]).code, 0);
    let before = std::fs::read(file).unwrap();
    let run = crate::support::insights(&["report", "--local", file, "--out", file]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.stderr.contains("insights.db: the file is a database; choose another file"),
        "{}",
        run.stderr
    );
    assert_eq!(std::fs::read(file).unwrap(), before);
}

#[test]
fn a_report_can_be_about_an_account_a_scope_and_a_past_period() {
    let page = |arguments: &[&str]| STORY.output(&[&["report", "--out", "-", "--utc"], arguments].concat());
    let elsewhere = page(&["--account", "111122223333"]);
    assert!(!elsewhere.contains("payments had faults"), "insights of another account are listed");
    assert!(elsewhere.contains("account 111122223333"), "the heading does not name the account");
    let entity = page(&["--entity", "payments", "--entity", "card-network"]);
    assert!(entity.contains("payments") && !entity.contains("CreateAccessKey"), "another entity is listed");
    let scope = page(&["--scope", "SOC 2", "--since", "30d"]);
    assert!(
        scope.contains("SOC 2: checkout and payments") && !scope.contains("CIS benchmark"),
        "another scope is shown"
    );
    assert!(!scope.contains("card-network answers"), "another source is shown");
    let past = page(&["--since", "2026-02-01", "--until", "2026-02-20"]);
    assert!(past.contains("RunInstances") && !past.contains("UpdateFunctionCode"), "another period is shown");
    let unknown = STORY.insights(&["report", "--scope", "nothing", "--out", "-"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
}
