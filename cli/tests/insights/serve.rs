//! The live page: allowed requests, responses, and read-only access to the table.
use crate::support::story::{STORY, Story, insight};
use insights_web::page::assets;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

/// The X-Ray insight of the story's push events.
const PK: &str = "xray%23123456789012%23eu-west-1%237c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f";

/// A running server that stops with the test.
struct Served {
    child: Child,
    port: u16,
}

/// A response.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Served {
    fn start(story: &Story) -> Self {
        let mut command = story.command(&["serve", "--port", "0", "--utc"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().trim_end_matches('/').rsplit(':').next().unwrap().parse();
        Self { child, port: port.unwrap_or_else(|_| panic!("no address: {line}")) }
    }

    /// Sends `head`, with PORT replaced by the port, and reads the response to its end.
    fn send(&self, head: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let [style, .., script] = assets::all() else { panic!("no assets") };
        let head = head.replace("PORT", &self.port.to_string());
        let head = head.replace("STYLE", &style.address()).replace("SCRIPT", &script.address());
        write!(stream, "{}\r\nconnection: close\r\n\r\n", head.trim_end()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status =
            lines.next().unwrap_or_default().split(' ').nth(1).and_then(|status| status.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Answer { status: status.unwrap_or(0), headers, body: body.to_owned() }
    }

    fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:PORT"))
    }

    fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert_eq!(answer.headers["content-type"], "application/json", "{path}");
        serde_json::from_str(&answer.body).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn only_read_requests_of_this_machine_are_accepted() {
    let served = Served::start(&STORY);
    for (head, status) in [
        ("GET SCRIPT HTTP/1.1\r\nhost: 127.0.0.1:PORT", 200),
        ("GET SCRIPT HTTP/1.1\r\nhost: localhost:PORT", 200),
        ("HEAD SCRIPT HTTP/1.1\r\nhost: 127.0.0.1:PORT", 200),
        // A foreign name that resolves to this machine.
        ("GET /api/insights HTTP/1.1\r\nhost: rebound.example:PORT", 421),
        ("GET / HTTP/1.1\r\nhost: rebound.example", 421),
        ("GET / HTTP/1.1\r\nhost: 127.0.0.1", 421),
        ("GET / HTTP/1.1\r\nhost: 127.0.0.1:1", 421),
        ("GET http://rebound.example:PORT/ HTTP/1.1\r\nhost: 127.0.0.1:PORT", 421),
        ("GET / HTTP/1.0", 421),
        ("POST / HTTP/1.1\r\nhost: rebound.example", 421),
        ("POST / HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\ncontent-length: 0", 405),
        ("PUT /api/insights HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\ncontent-length: 0", 405),
        ("DELETE /nowhere HTTP/1.1\r\nhost: 127.0.0.1:PORT", 405),
        ("OPTIONS / HTTP/1.1\r\nhost: 127.0.0.1:PORT", 405),
        // A page of another site that embeds this page as an image, and one that links to it.
        (
            "GET /api/insights HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\nsec-fetch-site: cross-site\r\nsec-fetch-mode: no-cors",
            403,
        ),
        // Another server on this machine is another origin.
        (
            "GET /api/insights HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\nsec-fetch-site: same-site\r\nsec-fetch-mode: no-cors",
            403,
        ),
        ("GET /api/insights HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\norigin: http://127.0.0.1:1", 403),
        ("GET /api/insights HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\norigin: http://foreign.example", 403),
        ("GET /api/insights HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\norigin: null", 403),
        ("OPTIONS /api/insights HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\norigin: http://foreign.example", 403),
        ("GET SCRIPT HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\norigin: http://127.0.0.1:PORT", 200),
        (
            "GET STYLE HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\nsec-fetch-site: cross-site\r\nsec-fetch-mode: navigate",
            200,
        ),
    ] {
        let answer = served.send(head);
        assert_eq!(answer.status, status, "{head}: {answer:?}");
        let policy = &answer.headers["content-security-policy"];
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{head}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{head}");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer", "{head}");
        assert!(!answer.headers.keys().any(|name| name.starts_with("access-control-")), "{head}: {answer:?}");
        if status == 405 {
            assert_eq!(answer.headers["allow"], "GET, HEAD", "{head}");
        }
        if head.starts_with("HEAD") {
            assert_eq!(answer.body, "");
        }
    }
}

#[test]
fn every_response_uses_only_query_and_batch_get_item() {
    let story = Story::collected();
    let served = Served::start(&story);
    for path in
        ["/", "/?since=30d", "/api/insights", "/api/incidents", "/api/compliance", "/api/status", "/nowhere"]
            .into_iter()
            .map(str::to_owned)
            .chain([format!("/insights/{PK}"), format!("/api/insights/{PK}")])
    {
        let answer = served.get(&path);
        assert!([200, 404].contains(&answer.status), "{path}: {answer:?}");
    }
    let operations: BTreeSet<String> = story.lab.simulator.counts().into_keys().collect();
    assert_eq!(operations, BTreeSet::from(["dynamodb:BatchGetItem".to_owned(), "dynamodb:Query".to_owned()]));
}

#[test]
fn json_routes_read_only_their_own_items() {
    let story = Story::collected();
    let served = Served::start(&story);
    let reads = |path: &str| {
        story.lab.simulator.clear_log();
        assert_eq!(served.get(path).status, 200, "{path}");
        ["Query", "BatchGetItem"].map(|operation| story.lab.calls(operation))
    };
    let page: u64 = reads("/").iter().sum();
    let parts =
        ["/api/incidents", "/api/compliance", "/api/status"].map(|path| reads(path).iter().sum::<u64>());
    assert!(parts.iter().all(|part| *part > 0) && parts.iter().sum::<u64>() <= page, "{parts:?}, {page}");
    let [queries, items] = reads("/api/insights");
    assert!(queries > 0 && items == 0, "envelopes are in the index: {queries}, {items}");
}

#[test]
fn the_live_page_is_the_report_with_filters_in_the_url() {
    let served = Served::start(&STORY);
    let all = served.get("/");
    assert_eq!((all.status, all.headers["content-type"].as_str()), (200, "text/html; charset=utf-8"));
    assert!(all.body.contains("All sources, last 7 days: 6 of 10 open ("), "{}", all.body.len());
    assert!(all.body.contains("<title>Problem: 6 of 10 open · Insights</title>"));
    assert!(all.body.contains(&format!("href=\"/insights/{PK}\"")), "each insight has an address");
    assert!(
        all.body.contains(&format!("href=\"{}\"", assets::all()[0].address()))
            && !all.body.contains("<style")
    );
    for (query, expected, listed) in [
        ("severity=critical", "All sources, critical, last 7 days: 1 of 1 open (", 1),
        ("source=cloudtrail", "CloudTrail, last 7 days: 1 of 2 open (", 2),
        (
            "status=closed",
            "ended, last 7 days: 0 of 4 open; 6 more open, not listed because of the filter",
            4,
        ),
        ("q=card-net", "“card-net”, last 7 days: 1 of 1 open (", 1),
        ("account=111122223333", "account 111122223333, last 7 days: nothing was collected; 6 more open", 0),
        (
            "region=eu-west-1&severity=medium&status=open",
            "medium or worse, open, last 7 days: 5 of 5 open (",
            5,
        ),
        ("source=xray&since=24h", "X-Ray, last 24 hours: 2 of 2 open (", 2),
    ] {
        let answer = served.get(&format!("/?{query}"));
        assert_eq!(answer.status, 200, "{query}");
        assert!(answer.body.contains(expected), "{query}: {expected} is missing");
        assert_eq!(answer.body.matches("<li class=\"entry ").count(), listed, "{query}");
    }
    // A type of a service and an error code are only in the details.
    for (text, listed) in [("AWS%3A%3ALambda", true), ("accessdenied", true), ("no-such-text", false)] {
        let page = served.get(&format!("/?q={text}")).body;
        assert_eq!(page.contains("<li class=\"entry "), listed, "{text}");
        let found = served.json(&format!("/api/insights?q={text}"));
        assert_eq!(!found.as_array().unwrap().is_empty(), listed, "{text}");
        assert!(!found.to_string().contains("\"searched\""), "{text}");
    }
    let narrowed = served.get("/?severity=high&q=pay%26me&since=48h").body;
    for kept in ["value=\"high\" selected", "value=\"pay&amp;me\"", "value=\"48h\""] {
        assert!(narrowed.contains(kept), "{kept} is missing: the form says what was asked for");
    }
}

#[test]
fn an_unchanged_page_is_not_sent_again_and_assets_are_kept_for_ever() {
    let story = Story::collected();
    let served = Served::start(&story);
    let first = served.get("/");
    let tag = &first.headers["etag"];
    assert!(first.body.contains(&format!("data-fingerprint={tag}")), "{tag}");
    assert_eq!(first.headers["x-as-of"], "2026-03-01T12:00:00.000Z");
    assert_eq!(first.headers["cache-control"], "no-store", "the page itself is not stored");
    let again =
        |tag: &str| served.send(&format!("GET / HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\nif-none-match: {tag}"));
    let unchanged = again(tag);
    assert_eq!((unchanged.status, unchanged.body.as_str()), (304, ""), "{unchanged:?}");
    assert_eq!(again("\"other\"").status, 200);
    assert_ne!(&served.get("/?source=xray").headers["etag"], tag, "another selection is another page");
    story.put(&insight("xray", "another", "2026-03-01T10:00:00.000Z", "", ""));
    let changed = again(tag);
    assert_eq!(changed.status, 200);
    assert!(changed.body.contains("Faults in another") && changed.headers["etag"] != *tag);
    let [style, ..] = assets::all() else { panic!("no assets") };
    let asset = served.get(&style.address());
    assert_eq!(asset.headers["cache-control"], "private, max-age=31536000, immutable");
    assert_eq!(served.get("/assets/page.css").status, 404, "only by the hash of its content");
}

#[test]
fn responses_are_compressed_for_those_who_accept_it() {
    let served = Served::start(&STORY);
    let size = |encoding: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
        let host = format!("host: 127.0.0.1:{}", served.port);
        write!(stream, "GET / HTTP/1.1\r\n{host}\r\nconnection: close\r\n{encoding}\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let head = String::from_utf8_lossy(&answer).split("\r\n\r\n").next().unwrap().to_lowercase();
        (head.contains("content-encoding: gzip"), answer.len())
    };
    let (is_plain, whole) = size("");
    let (is_compressed, compressed) = size("accept-encoding: br, gzip\r\n");
    assert!(!is_plain && is_compressed);
    assert!(compressed * 3 < whole, "{compressed} of {whole} bytes");
}

#[test]
fn lists_have_pages_of_a_hundred_and_groups() {
    let story = Story::empty();
    for nth in 0..205 {
        story.put(&insight("xray", &format!("service-{nth:03}"), "2026-03-01T10:00:00.000Z", "", ""));
    }
    let served = Served::start(&story);
    let mut seen = BTreeSet::new();
    for (page, rows) in [("", 100), ("?open_page=2", 100), ("?open_page=3", 5), ("?open_page=9", 5)] {
        let body = served.get(&format!("/{page}")).body;
        assert_eq!(body.matches("<li class=\"entry ").count(), rows, "{page}");
        seen.extend(body.match_indices("data-row=\"").map(|(at, _)| body[at + 10..at + 20].to_owned()));
    }
    assert_eq!(seen.len(), 205, "every insight is on a page");
    let first = served.get("/?severity=high").body;
    assert!(first.contains("href=\"/?severity=high&amp;open_page=2#now\">Next</a>"));
    assert!(first.contains("Page 1 of 3, 205 insights"));
    assert!(first.contains("205 of 205 open"), "the heading counts all pages");
    assert!(first.contains("data-chart=\"histogram\"") && first.contains("205 insights began, 205 high"));
    let grouped = served.get("/?group=entity&q=service-00").body;
    assert_eq!(grouped.matches("class=\"group\"").count(), 10);
    assert!(grouped.contains("aria-label=\"Remove the filter “service-00”\""));
    assert!(grouped.contains("high or worse <span class=\"number\">10</span>"));
}

#[test]
fn each_insight_has_its_own_page() {
    let served = Served::start(&STORY);
    let answer = served.get(&format!("/insights/{PK}"));
    assert_eq!(answer.status, 200, "{answer:?}");
    for expected in [
        "<h1>Faults in payments</h1><p class=\"message\">payments had faults",
        "data-chart=\"shares\"",
        "service-map",
        "began 4 minutes before",
    ] {
        assert!(answer.body.contains(expected), "{expected} is missing");
    }
    for path in [
        "/insights/nothing",
        "/insights/run%23xray%23123456789012%23eu-west-1",
        "/nowhere",
        "/insights/",
        "/api/nowhere",
        "/insights/a/b",
    ] {
        let answer = served.get(path);
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    let long = "x".repeat(5_000);
    assert_eq!(served.get(&format!("/insights/{long}")).status, 404, "longer than any key");
}

#[test]
fn an_invalid_address_is_an_error_with_field_value_and_rule() {
    let served = Served::start(&STORY);
    for (query, field, value, rule) in [
        ("severity=bad", "severity", "bad", "must be info, low, medium, high or critical"),
        ("source=s3", "source", "s3", "must be xray, cloudtrail, auditmanager"),
        ("status=done", "status", "done", "must be open or closed"),
        ("account=12", "account", "12", "must be the 12 digits of an account"),
        ("since=tomorrow", "since", "tomorrow", "must be a length of time"),
        ("limit=5", "limit", "5", "is unknown: known are source"),
    ] {
        let answer = served.get(&format!("/api/insights?{query}"));
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
        let json: Value = serde_json::from_str(&answer.body).unwrap();
        let fault = &json["errors"][0];
        assert_eq!((fault["field"].as_str(), fault["value"].as_str()), (Some(field), Some(value)), "{query}");
        assert!(fault["rule"].as_str().unwrap().contains(rule), "{query}: {fault}");
        let page = served.get(&format!("/?{query}"));
        assert_eq!(page.status, 400, "{query}");
        assert!(page.body.contains(field) && page.body.contains(rule), "{query}");
    }
    let both = served.get("/api/insights?severity=bad&status=%3Cscript%3E");
    let json: Value = serde_json::from_str(&both.body).unwrap();
    assert_eq!(json["errors"].as_array().unwrap().len(), 2, "all of it at once");
    for (address, rule) in [
        ("/api/compliance?severity=high", "is unknown: known are source, account, region, since, until"),
        ("/api/compliance?status=", "is unknown: known are source, account, region, since, until"),
        ("/api/status?account=123456789012", "is unknown: there are no parameters"),
        ("/api/?since=7d", "is unknown: there are no parameters"),
        ("/api/insights/x?since=7d", "is unknown: there are no parameters"),
        ("/api/insights?status=open&status=closed", "is given twice"),
    ] {
        let answer = served.get(address);
        assert_eq!(answer.status, 400, "what would be passed over is refused: {address}: {answer:?}");
        let json: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(json["errors"][0]["rule"], rule, "{address}");
    }
    let hostile = served.get("/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E");
    assert_eq!(hostile.status, 200);
    assert!(!hostile.body.contains("<script>"), "what the address says is text");
    assert!(!served.get("/?status=%3Cscript%3E").body.contains("<script>"));
}

#[test]
fn the_api_lists_its_routes() {
    let served = Served::start(&STORY);
    let list = served.json("/api/");
    assert_eq!(list, served.json("/api"));
    let list: BTreeMap<String, String> = serde_json::from_value(list).unwrap();
    assert_eq!(list["insight"], "/api/insights/{pk}");
    assert_eq!(
        list["insights"], "/api/insights{?source,severity,status,account,region,entity,q,since,until}",
        "all that may be asked for"
    );
    assert_eq!(list["compliance"], "/api/compliance{?source,account,region,since,until}");
    assert_eq!(list["status"], "/api/status");
    let sample = |parameter: &str| match parameter {
        "source" => "auditmanager",
        "severity" => "low",
        "status" => "open",
        "account" => "123456789012",
        "region" => "eu-west-1",
        "entity" | "q" => "a",
        "since" => "2026-02-28",
        "until" => "1h",
        other => panic!("{other}: a parameter that nobody knows of"),
    };
    for (name, template) in list.iter().filter(|(name, _)| *name != "insight") {
        let (path, parameters) = template.split_once("{?").unwrap_or((template, "}"));
        let parameters = parameters.trim_end_matches('}').split(',').filter(|name| !name.is_empty());
        let query: Vec<String> = parameters.map(|name| format!("{name}={}", sample(name))).collect();
        let asked = format!("{path}?{}", query.join("&"));
        assert!(served.json(path).is_array() && served.json(&asked).is_array(), "{name}: {asked}");
    }
}

#[test]
fn the_api_returns_the_data_of_the_page() {
    let served = Served::start(&STORY);
    let insights = served.json("/api/insights?status=open");
    let insights = insights.as_array().unwrap();
    assert_eq!(insights.len(), 6);
    assert_eq!(insights[0]["severity"], "critical", "worst first");
    for name in ["pk", "sk", "kind", "title", "status", "entity", "measures", "started_at"] {
        assert!(insights.iter().all(|insight| !insight[name].is_null()), "{name}");
    }
    let all = served.json("/api/insights");
    let ends: Vec<Option<&str>> =
        all.as_array().unwrap().iter().map(|one| one["ended_at"].as_str()).collect();
    let (open, closed) = ends.split_at(6);
    assert!(open.iter().all(Option::is_none) && !closed.is_empty(), "what is open comes first: {ends:?}");
    assert!(closed.iter().all(Option::is_some) && closed.is_sorted_by(|one, next| one >= next), "{ends:?}");
    let one = served.json(&format!("/api/insights/{PK}"));
    assert_eq!(one["insight"]["detail"]["root_cause_service_id"]["name"], "payments");
    assert_eq!(one["events"].as_array().unwrap().len(), 4);
    assert_eq!(one["graph"]["kind"], "xray.impact_graph");
    assert!(one["incident"]["sentence"].as_str().unwrap().contains("4 minutes before"));
    let secret = insights.iter().find(|insight| insight["entity"] == "secretsmanager.amazonaws.com").unwrap();
    let pk = secret["pk"].as_str().unwrap().replace('#', "%23");
    let secret = served.json(&format!("/api/insights/{pk}"));
    assert!(!secret["series"]["points"].as_array().unwrap().is_empty(), "{secret}");
    assert!(secret["series"]["known"][0]["period"].is_number(), "{secret}");
    let incidents = served.json("/api/incidents");
    assert_eq!(incidents[0]["members"].as_array().unwrap().len(), 2, "{incidents}");
    assert_eq!(incidents[0]["ended_at"], Value::Null);
    let compliance = served.json("/api/compliance");
    let days = compliance[0]["days"].as_array().unwrap();
    assert_eq!(days.last().unwrap()["given"], "counts", "{compliance}");
    assert!(days.last().unwrap()["snapshot"]["measures"]["compliant"].is_number());
    assert_eq!(days[0]["given"], "not_collected");
    let status = served.json("/api/status");
    assert_eq!(status.as_array().unwrap().len(), insights_sources::all().len());
    assert!(
        status
            .as_array()
            .unwrap()
            .iter()
            .all(|target| ["fresh", "not_enabled"].contains(&target["condition"].as_str().unwrap())),
        "{status}"
    );
    assert_eq!(served.get("/api/nowhere").status, 404);
    let missing: Value = serde_json::from_str(&served.get("/api/insights/none").body).unwrap();
    assert!(missing["error"].as_str().unwrap().contains("no insight is stored under the whole key none"));
}

#[test]
fn the_page_lists_open_insights_in_the_order_of_the_command() {
    let story = Story::empty();
    for (id, started) in [("older", "2026-02-27T00:00:00.000Z"), ("younger", "2026-02-28T00:00:00.000Z")] {
        story.put(&insight("xray", id, started, "", ""));
    }
    let listed = story.texts(&["list", "--open"], "id");
    assert_eq!(listed, ["younger", "older"]);
    let served = Served::start(&story);
    let page = served.get("/").body;
    let places = listed.iter().map(|id| page.find(&format!("Faults in {id}")).unwrap());
    assert!(places.is_sorted(), "{listed:?}");
    let given = served.json("/api/insights?status=open");
    let given: Vec<&str> = given.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(given, listed);
}

#[test]
fn a_server_that_cannot_start_ends_with_the_documented_exit_code() {
    let held = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = held.local_addr().unwrap().port().to_string();
    let run = STORY.insights(&["serve", "--port", &port]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("use another --port"), "{}", run.stderr);
    let run = STORY.insights(&["serve", "--port", "0", "--table", "nothing-here"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("no table nothing-here"), "{}", run.stderr);
}

#[test]
fn a_denied_table_is_reported_on_the_page_and_in_json() {
    let story = Story::collected();
    let served = Served::start(&story);
    story.lab.fault("Query=denied");
    for path in ["/", "/api/insights"] {
        let answer = served.get(path);
        assert_eq!(answer.status, 502, "{path}: {answer:?}");
        assert!(
            answer.body.contains("need dynamodb:Query and dynamodb:BatchGetItem"),
            "{path}: {}",
            answer.body
        );
        assert!(answer.headers.contains_key("content-security-policy"));
    }
}
