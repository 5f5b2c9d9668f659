//! What `purge` leaves in a file, looked for byte by byte.

use super::*;

/// Files of `folder` in which `needle` stands, byte by byte.
fn holding(folder: &Path, needle: &str) -> Vec<String> {
    let found = |content: &[u8]| content.windows(needle.len()).any(|part| part == needle.as_bytes());
    state(folder).into_iter().filter(|(_, (_, content))| found(content)).map(|(name, _)| name).collect()
}

/// A record of an account. Its detail is larger than a page of the file.
fn record(account: &str, nth: usize, word: &str) -> String {
    let text = format!("{word}-{nth} ").repeat(2_000);
    insight("xray", &format!("i-{nth}"), "2026-02-28T00:00:00.000Z", "", &format!(r#","note":"{text}""#))
        .replace(STAYS, account)
}

/// A table with records of two accounts, some of which were changed, and some deleted.
fn two_accounts() -> (TempDir, PathBuf) {
    let (root, file) = table();
    let database = Database::new(text(&file)).unwrap();
    for nth in 0..20 {
        put(&database, &record(GONE, nth, TEXT));
        put(&database, &record(STAYS, nth, "lamp-post"));
        put(&database, &record(GONE, nth, "changed-zebra-crossing"));
    }
    for nth in 15..20 {
        let key = serde_json::json!({"TableName": "insights", "Key": {
            "pk": {"S": format!("xray#{GONE}#eu-west-1#i-{nth}")}, "sk": {"S": "insight"}}});
        database.delete_item(serde_json::from_value(key).unwrap()).unwrap();
    }
    drop(database);
    (root, file)
}

fn stream_records(file: &Path) -> i64 {
    let connection = Connection::open(file).unwrap();
    connection.query_row("SELECT count(*) FROM _stream_records", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_purge_leaves_no_trace_of_the_account_in_the_file_or_beside_it() {
    let (root, file) = two_accounts();
    let folder = file.parent().unwrap();
    assert_eq!(holding(folder, GONE), ["table.db"], "it is there before");
    assert_eq!(stream_records(&file), 66);
    let run = finish(&mut reading(&["purge", "--account", GONE, "--yes"], &file, root.path()));
    assert_eq!(run.code, 0, "{run:?}");
    for needle in [GONE, TEXT] {
        assert_eq!(holding(folder, needle), [""; 0], "{needle}");
    }
    assert_eq!(state(folder).into_keys().collect::<Vec<_>>(), ["table.db"]);
    assert_eq!(holding(folder, "lamp-post"), ["table.db"], "the other account's records stay");
    assert_eq!((support::items(&file, "insights").len(), stream_records(&file)), (21, 21));
    // 40 were put, 5 deleted, and the purge itself deleted 15.
    assert!(run.stderr.contains("60 records of the change stream deleted"), "{}", run.stderr);
}

#[test]
fn what_an_earlier_deletion_left_is_erased_although_the_table_holds_nothing() {
    let (root, file) = two_accounts();
    let database = Database::new(text(&file)).unwrap();
    for nth in 0..15 {
        let key = serde_json::json!({"TableName": "insights", "Key": {
            "pk": {"S": format!("xray#{GONE}#eu-west-1#i-{nth}")}, "sk": {"S": "insight"}}});
        database.delete_item(serde_json::from_value(key).unwrap()).unwrap();
    }
    drop(database);
    let folder = file.parent().unwrap();
    assert_eq!(holding(folder, TEXT), ["table.db"]);
    let dry = finish(&mut reading(&["purge", "--account", GONE, "--dry-run"], &file, root.path()));
    assert_eq!((dry.code, holding(folder, TEXT)), (0, vec!["table.db".to_owned()]), "{dry:?}");
    let run = finish(&mut reading(&["purge", "--account", GONE, "--yes"], &file, root.path()));
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!((holding(folder, GONE), holding(folder, TEXT)), (vec![], vec![]));
}

#[test]
fn a_limited_purge_erases_what_it_selects_and_nothing_else() {
    let (root, file) = two_accounts();
    let folder = file.parent().unwrap();
    let purge = |region: &str| {
        let arguments = ["purge", "--account", GONE, "--region", region, "--yes"];
        assert_eq!(finish(&mut reading(&arguments, &file, root.path())).code, 0);
    };
    purge("us-east-1");
    assert_eq!((stream_records(&file), holding(folder, TEXT)), (66, vec!["table.db".to_owned()]));
    purge("eu-west-1");
    assert_eq!((stream_records(&file), holding(folder, TEXT)), (21, vec![]));
}

#[test]
fn a_purge_that_cannot_erase_everything_says_so_and_another_one_does() {
    let (root, file) = two_accounts();
    // A program that reads an older state of the file.
    let reader = Connection::open(&file).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM _stream_records").unwrap();
    let purge = || finish(&mut reading(&["purge", "--account", GONE, "--yes"], &file, root.path()));
    let run = purge();
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.stderr.contains("another program is using it") && run.stderr.contains("run the same again"),
        "{run:?}"
    );
    reader.execute_batch("COMMIT").unwrap();
    drop(reader);
    let run = purge();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(holding(file.parent().unwrap(), TEXT), [""; 0]);
}
