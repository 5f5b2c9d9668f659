//! The bytes of a file after `purge`.

use super::*;

/// The files of `folder` that contain the bytes of `needle`.
fn holding(folder: &Path, needle: &str) -> Vec<String> {
    let found = |content: &[u8]| content.windows(needle.len()).any(|part| part == needle.as_bytes());
    state(folder).into_iter().filter(|(_, (_, content))| found(content)).map(|(name, _)| name).collect()
}

/// A record of an account with a detail that is larger than a page of the file.
fn record(account: &str, nth: usize, word: &str) -> String {
    let text = format!("{word}-{nth} ").repeat(2_000);
    insight("xray", &format!("i-{nth}"), "2026-02-28T00:00:00.000Z", "", &format!(r#","note":"{text}""#))
        .replace(STAYS, account)
}

/// A table with records of two accounts, some changed and some deleted.
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
fn a_purge_erases_all_bytes_of_the_account_from_all_files() {
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
    assert_eq!((crate::support::items(&file, "insights").len(), stream_records(&file)), (21, 21));
    // 40 items were put and 5 deleted; the purge deleted 15 more.
    assert!(run.stderr.contains("60 records of the change stream deleted"), "{}", run.stderr);
}

/// The same table after all items of the account were deleted.
fn deleted() -> (TempDir, PathBuf) {
    let (root, file) = two_accounts();
    let database = Database::new(text(&file)).unwrap();
    for nth in 0..15 {
        let key = serde_json::json!({"TableName": "insights", "Key": {
            "pk": {"S": format!("xray#{GONE}#eu-west-1#i-{nth}")}, "sk": {"S": "insight"}}});
        database.delete_item(serde_json::from_value(key).unwrap()).unwrap();
    }
    drop(database);
    (root, file)
}

/// Runs a purge with a terminal as standard input, on which `answer` is typed.
fn purge_at_a_terminal(file: &Path, root: &Path, answer: &str) -> Run {
    let terminal = nix::pty::openpty(None, None).unwrap();
    let mut person = std::fs::File::from(terminal.master);
    let mut command = reading(&["purge", "--account", GONE], file, root);
    command.stdin(terminal.slave);
    std::io::Write::write_all(&mut person, answer.as_bytes()).unwrap();
    finish(&mut command)
}

#[test]
fn traces_of_deleted_items_are_counted_and_erased_only_after_confirmation() {
    let (root, file) = deleted();
    let folder = file.parent().unwrap();
    let refused = purge_at_a_terminal(&file, root.path(), "123456789012\n");
    assert_eq!(refused.code, 1, "{refused:?}");
    let question = "0 items and 60 records of the change stream of account 111122223333 will be permanently deleted from table \
         insights, and the file will be rewritten without deleted data.";
    assert!(refused.stderr.contains(question), "{refused:?}");
    assert!(refused.stderr.ends_with("nothing was deleted\n"), "{refused:?}");
    assert_eq!((stream_records(&file), holding(folder, TEXT)), (81, vec!["table.db".to_owned()]));
    let agreed = purge_at_a_terminal(&file, root.path(), "111122223333\n");
    assert_eq!(agreed.code, 0, "{agreed:?}");
    assert!(agreed.stderr.contains("table insights has no items of account 111122223333"), "{agreed:?}");
    assert!(agreed.stderr.contains("60 records of the change stream deleted"), "{agreed:?}");
    assert!(!agreed.stderr.contains("nothing was deleted"), "{agreed:?}");
    assert_eq!((stream_records(&file), holding(folder, TEXT)), (21, vec![]));
    let none = finish(&mut reading(&["purge", "--account", GONE, "--dry-run"], &file, root.path()));
    assert!(none.stderr.contains("its change stream has 0 records of account 111122223333"), "{none:?}");
}

#[test]
fn traces_of_earlier_deletions_are_erased_even_if_the_table_has_no_items() {
    let (root, file) = deleted();
    let folder = file.parent().unwrap();
    assert_eq!(holding(folder, TEXT), ["table.db"]);
    let dry = finish(&mut reading(&["purge", "--account", GONE, "--dry-run"], &file, root.path()));
    assert_eq!((dry.code, holding(folder, TEXT)), (0, vec!["table.db".to_owned()]), "{dry:?}");
    for expected in ["has no items of account", "has 60 records of account", "dry run: nothing was deleted"] {
        assert!(dry.stderr.contains(expected), "{expected}: {dry:?}");
    }
    let run = finish(&mut reading(&["purge", "--account", GONE, "--yes"], &file, root.path()));
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!((holding(folder, GONE), holding(folder, TEXT)), (vec![], vec![]));
}

#[test]
fn a_purge_with_filters_erases_only_the_selected_traces() {
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
fn a_purge_that_cannot_erase_everything_fails_and_a_second_purge_completes_it() {
    let (root, file) = two_accounts();
    // Another program reads an older state of the file.
    let reader = Connection::open(&file).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM _stream_records").unwrap();
    let purge = || finish(&mut reading(&["purge", "--account", GONE, "--yes"], &file, root.path()));
    let run = purge();
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.stderr.contains("another program is using it") && run.stderr.contains("run the command again"),
        "{run:?}"
    );
    reader.execute_batch("COMMIT").unwrap();
    drop(reader);
    let run = purge();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(holding(file.parent().unwrap(), TEXT), [""; 0]);
}
