//! External text: it reaches terminals and spreadsheets only as escaped text, and a suggested command runs nothing but
//! this program.

use crate::support::story::{STORY, Story, insight};
use crate::support::{command, finish, insights};
use std::process::Command;

/// Characters that move the cursor, change the order of other characters, or are invisible.
const HIDDEN: [char; 22] = [
    '\0',
    '\u{1b}',
    '\u{7}',
    '\u{8}',
    '\r',
    '\t',
    '\u{7f}',
    '\u{85}',
    '\u{9b}',
    '\u{ad}',
    '\u{61c}',
    '\u{200b}',
    '\u{200e}',
    '\u{200f}',
    '\u{2028}',
    '\u{2029}',
    '\u{202a}',
    '\u{202e}',
    '\u{2066}',
    '\u{2069}',
    '\u{feff}',
    '\u{e0041}',
];

/// All of these with line feeds and a colour sequence.
fn hostile() -> String {
    let hidden: String = HIDDEN.iter().filter(|character| **character != '\0').collect();
    format!("a\u{1b}[31mred\nforged{hidden}c\u{1b}]0;title\u{7}")
}

/// `text` as it appears inside JSON.
fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap();
    json[1..json.len() - 1].to_owned()
}

#[track_caller]
fn assert_seen(text: &str, about: &str) {
    let text = text.replace("\r\n", "\n");
    let found: Vec<char> = text
        .chars()
        .filter(|character| *character != '\n' && (character.is_control() || HIDDEN.contains(character)))
        .collect();
    assert!(found.is_empty(), "{about}: {found:?} in {text:?}");
}

/// A table in which all external text is hostile.
fn story() -> Story {
    let story = Story::empty();
    let text = quoted(&hostile());
    let hostile_insight = |source: &str, id: &str, ended: &str, detail: &str| {
        let json = insight(source, id, "2026-03-01T10:00:00.000Z", ended, "");
        json.replace(&format!("\"title\":\"Faults in {id}\""), &format!("\"title\":\"{text}\""))
            .replace(&format!("\"entity\":\"{id}\""), &format!("\"entity\":\"{text}\""))
            .replace(&format!("\"insight_id\":\"{id}\""), detail)
            .replace(id, &format!("{id}{text}"))
    };
    let service = format!(r#"{{"name":"{text}","type":"{text}"}}"#);
    let xray = format!(
        r#""group_name":"{text}","root_cause_service_id":{service},"top_anomalous_services":[{{"service_id":{service}}}]"#
    );
    let half = format!(
        r#"{{"event_id":"{text}","event_time":"2026-03-01T10:00:00.000Z","insight_details":{{"event_source":"{text}",
            "event_name":"{text}","error_code":"{text}","insight_type":"ApiErrorRateInsight","insight_context":{{"attributions":[
            {{"attribute":"userIdentityArn","insight":[{{"value":"{text}","average":6}}],"baseline":[]}}]}}}}}}"#
    );
    story.put(&hostile_insight("xray", "first", "", &xray));
    story.put(&hostile_insight("cloudtrail", "second", "", &format!(r#""start":{half}"#)));
    story.put(&hostile_insight("xray", "third", "2026-03-01T11:00:00.000Z", &xray));
    story.put(&format!(
        r#"{{"pk":"xray#123456789012#eu-west-1#first{text}","sk":"graph","kind":"xray.impact_graph","source":"xray",
            "account_id":"123456789012","region":"eu-west-1","schema_version":1,"started_at":"2026-03-01T10:00:00.000Z",
            "detail":{{"services":[{{"reference_id":1,"name":"{text}","type":"{text}","edges":[]}}]}}}}"#
    ));
    story.put(&format!(
        r#"{{"pk":"xray#123456789012#eu-west-1#first{text}","sk":"event#2026-03-01T10:00:00.000Z","kind":"xray.insight_event",
            "source":"xray","account_id":"123456789012","region":"eu-west-1","schema_version":1,"title":"{text}",
            "started_at":"2026-03-01T10:00:00.000Z","detail":{{"summary":"{text}"}}}}"#
    ));
    for (source, codes) in [("xray", "failed"), ("cloudtrail", "partial"), ("auditmanager", "ok")] {
        let base = format!(
            r#""source":"{source}","account_id":"123456789012","region":"eu-west-1","schema_version":1,
               "issue_counts":{{"{text}":1}}"#
        );
        story.put(&format!(
            r#"{{"pk":"run#{source}#123456789012#eu-west-1","sk":"state","kind":"state",{base},"entity_pk":"run#{source}",
                "entity_sk":"123456789012#eu-west-1","last_run_at":"2026-03-01T11:50:00.000Z","last_status":"{codes}"}}"#
        ));
        story.put(&format!(
            r#"{{"pk":"run#{source}#123456789012#eu-west-1","sk":"2026-03-01T11:49:00.000Z#a","kind":"run",{base},
                "started_at":"2026-03-01T11:49:00.000Z","trigger":"{text}","status":"{text}",
                "issues":[{{"code":"{text}","operation":"{text}","subject":"{text}","message":"{text}"}}]}}"#
        ));
        story.put(&format!(
            r#"{{"pk":"rejected#{source}#123456789012#eu-west-1","sk":"a","kind":"rejected",{base},"raw":"{text}",
                "observed_at":"2026-03-01T11:00:00.000Z","violations":["{text}"],"subject":"{text}"}}"#
        ));
    }
    story.put(&format!(
        r#"{{"pk":"catalog#cloudtrail#123456789012#eu-west-1","sk":"series#a","kind":"catalog","source":"cloudtrail",
            "account_id":"123456789012","region":"eu-west-1","schema_version":1,"detail":{{"event_source":"{text}",
            "event_name":"{text}","insight_type":"ApiErrorRateInsight","error_code":"{text}","trail_arn":"{text}"}},
            "covered":{{"300":[{{"from":"2026-02-28T00:00:00.000Z","until":"2026-03-01T00:00:00.000Z"}}]}}}}"#
    ));
    story.put(&format!(
        r#"{{"pk":"catalog#auditmanager#123456789012#eu-west-1","sk":"scope#assessment#11111111-2222-3333-4444-555555555555",
            "kind":"catalog","source":"auditmanager","account_id":"123456789012","region":"eu-west-1","schema_version":1,
            "title":"{text}"}}"#
    ));
    story
}

/// All commands that print stored data.
fn commands() -> Vec<Vec<String>> {
    let key = format!("xray#123456789012#eu-west-1#first{}", hostile());
    let other = format!("cloudtrail#123456789012#eu-west-1#second{}", hostile());
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut all: Vec<Vec<String>> = [
        "list",
        "list --open",
        "series",
        "compliance",
        "compliance --scope 11111111-2222-3333-4444-555555555555",
        "timeline",
        "status",
        "show run#xray#123456789012#eu-west-1",
        "show rejected#xray#123456789012#eu-west-1",
        "show catalog#cloudtrail#123456789012#eu-west-1",
        "list --entity nobody",
    ]
    .map(words)
    .into();
    for key in [key, other] {
        all.push(vec!["show".to_owned(), key.clone()]);
        all.push(vec!["timeline".to_owned(), "--around".to_owned(), key]);
    }
    // The arguments are hostile too.
    let hostile = hostile();
    for line in
        ["list --entity", "series", "show", "compliance --scope", "list --region", "list --since", "lost"]
    {
        let mut command = words(line);
        command.push(hostile.clone());
        all.push(command);
    }
    all.push(vec![format!("--{hostile}")]);
    all.push(vec!["list".to_owned(), "--local".to_owned(), hostile]);
    all
}

#[test]
fn no_hidden_character_reaches_a_terminal_or_a_spreadsheet() {
    let story = story();
    let mut shown = 0;
    for command in commands() {
        let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        for form in ["table", "csv"] {
            let run = story.insights(&[&arguments[..], &["--output", form]].concat());
            let about = format!("{arguments:?} {form}");
            assert!([0, 2].contains(&run.code), "{about}: {run:?}");
            assert_seen(&run.stdout, &about);
            assert_seen(&run.stderr, &about);
            // An unescaped line feed would start a new line.
            let all = run.stdout.clone() + &run.stderr;
            assert!(!all.lines().any(|line| line.starts_with("forged")), "{about}: {all}");
            shown += usize::from(all.contains("\\u{202e}"));
        }
    }
    assert!(shown > 35, "what is hidden is spelled out, in {shown} answers");
}

#[test]
fn json_has_the_values_as_they_are_stored() {
    let story = story();
    let table = story.wait(story.lab.table());
    for arguments in [
        &["list"][..],
        &["show", "run#xray#123456789012#eu-west-1"],
        &["show", "rejected#xray#123456789012#eu-west-1"],
    ] {
        let records = story.records(arguments);
        assert!(!records.is_empty(), "{arguments:?}");
        assert_seen(&story.output(&[arguments, &["--output", "json"]].concat()), "JSON");
        for record in records {
            let key = |name: &str| record[name].as_str().unwrap().to_owned();
            assert_eq!(Some(&record), table.get(&key("pk"), &key("sk")), "{arguments:?}");
        }
    }
}

#[test]
fn no_hidden_character_is_in_the_page() {
    let page = story().output(&["report", "--out", "-", "--since", "30d"]);
    let (_, body) = page.split_once("<body").unwrap();
    let (body, _) = body.split_once("<script>").unwrap();
    assert_seen(body, "the report");
    assert!(body.contains("a\\u{1b}[31mred"), "{}", body.len());
    let data = body.split("application/json\">").skip(1).map(|rest| rest.split_once("</script>").unwrap().0);
    let data: Vec<serde_json::Value> = data.map(|json| serde_json::from_str(json).unwrap()).collect();
    assert!(
        data.iter().any(|data| data.to_string().contains("202e")),
        "the charts have it as text: {data:?}"
    );
}

/// The arguments that a shell passes to `insights` for this line.
#[cfg(unix)]
fn arguments(line: &str) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let stub = root.path().join("insights");
    std::fs::write(&stub, "#!/bin/sh\nfor word in \"$@\"; do printf '%s\\0' \"$word\"; done\n").unwrap();
    std::fs::set_permissions(&stub, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", line]).env_clear().current_dir(root.path());
    let output = shell.env("PATH", format!("{}:/usr/bin:/bin", root.path().display())).output().unwrap();
    assert!(output.status.success(), "{line}: {output:?}");
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1, "{line} did something else");
    String::from_utf8(output.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect()
}

#[cfg(unix)]
#[test]
fn a_suggested_command_shows_the_insight_and_runs_nothing_else() {
    let ids = [
        "plain",
        "it's",
        "say \"no\"",
        "$(touch pwned)",
        "`touch pwned`",
        "a; touch pwned #",
        "two\nlines",
        "-rf",
        "--output=json",
        "pay\u{202e}stnem",
        "\u{1b}[2J",
        "a\\b",
        "!$*?~<>|&",
        "'\n'; touch pwned; '",
    ];
    let story = Story::empty();
    story.put(&insight("xray", "other", "2026-03-01T10:00:00.000Z", "", ""));
    for (nth, id) in ids.iter().enumerate() {
        let json = insight("cloudtrail", &format!("PLACE{nth}"), "2026-03-01T10:05:00.000Z", "", "");
        story.put(&json.replace(&format!("PLACE{nth}"), &quoted(id)));
    }
    // The commands suggested by `show` for the other insight, and by the page.
    let text = story.output(&["show", "xray#123456789012#eu-west-1#other"]);
    let lines = text.lines().filter(|line| line.trim_start().starts_with("insights show "));
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    let page = story.output(&["report", "--out", "-"]);
    let codes = page.split("In a terminal: <code>").skip(1).map(|rest| rest.split_once("</code>").unwrap().0);
    let codes = codes.map(|code| {
        let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
        entities.into_iter().fold(code.to_owned(), |code, (entity, text)| code.replace(entity, text))
    });
    let codes: Vec<String> = codes.filter(|code| code.contains("cloudtrail#")).collect();
    // The ids in a listing, complete or shortened.
    for (spelled, id) in [("two%0Alines", "two\nlines"), ("pay%E2%80%AEstn", "pay\u{202e}stnem")] {
        assert_eq!(story.texts(&["show", spelled], "id"), [id], "{spelled}");
    }
    for lines in [lines, codes] {
        let mut shown: Vec<String> = lines
            .iter()
            .map(|line| {
                let got = arguments(line);
                assert_eq!((got.len(), got[0].as_str()), (2, "show"), "{line}");
                let records = story.records(&[&got[0], &got[1]]);
                crate::support::story::text(&records[0], "id")
            })
            .collect();
        let mut expected = ids.map(str::to_owned);
        shown.sort();
        expected.sort();
        assert_eq!(shown, expected, "{lines:?}");
    }
}

#[test]
fn names_of_tables_profiles_and_files_are_escaped() {
    let hostile = "x\u{1b}[31m\u{202e}\n";
    let mut table = STORY.command(&["list"]);
    let mut profile = command(&["list"]);
    profile.env("AWS_REGION", "eu-west-1").env("AWS_PROFILE", hostile.trim_end());
    let mut bundle = command(&["list"]);
    bundle.env("AWS_REGION", "eu-west-1").env("AWS_CA_BUNDLE", hostile);
    for command in [table.env("TABLE_NAME", hostile), &mut profile, &mut bundle] {
        let run = finish(command);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains("x\\u{1b}[31m\\u{202e}"), "{}", run.stderr);
        assert_seen(&run.stderr, "stderr");
    }
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join(hostile);
    let create = insights(&["table", "create", "--local", file.to_str().unwrap()]);
    assert_eq!(create.code, 0, "{create:?}");
    assert_seen(&create.stderr, "stderr");
    let list = insights(&["list", "--local", file.to_str().unwrap()]);
    assert_eq!(list.code, 0, "{list:?}");
    assert_seen(&list.stderr, "stderr");
}
