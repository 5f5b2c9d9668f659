//! Commands that write a table in a file, or a report.

use super::*;

#[test]
fn writing_commands_complete_the_file_and_leave_no_wal_file() {
    let (root, file) = table();
    let folder = file.parent().unwrap();
    let names = || state(folder).into_keys().collect::<Vec<_>>();
    assert_eq!(names(), ["table.db"], "after `table create`");
    let run = finish(&mut reading(&["purge", "--account", GONE, "--yes"], &file, root.path()));
    assert_eq!((run.code, names()), (0, vec!["table.db".to_owned()]), "{run:?}");
    // While another program has the file open, the `-wal` file exists but is empty.
    let open = Database::new(text(&file)).unwrap();
    for table in ["second", "third"] {
        let run = crate::support::insights(&["table", "create", "--table", table, "--local", text(&file)]);
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(folder.join("table.db-wal").metadata().unwrap().len(), 0, "{table}");
    }
    drop(open);
    assert_eq!(names(), ["table.db"]);
    // A server that is stopped by a signal.
    let mut child = command(&["simulate", "--port", "0", "--table", "fourth", "--table-file", text(&file)]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    end(&mut child);
    assert_eq!(names(), ["table.db"], "after `simulate`");
    assert_eq!(crate::support::items(&file, "fourth").len(), 0);
}

#[test]
fn a_full_disk_does_not_destroy_the_old_report() {
    let story = Story::empty();
    story.put(&insight("xray", "payments", "2026-02-28T00:00:00.000Z", "", ""));
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("report.html");
    std::fs::write(&out, "the old report").unwrap();
    // The shell limits files to a few kilobytes. The signal of this limit is ignored, so that the write fails.
    let plain = story.command(&["report", "--out", text(&out)]);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh"])
        .arg(plain.get_program())
        .args(plain.get_args());
    limited.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let run = finish(&mut limited);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("error: writing ") && run.stderr.contains("a temporary file in "), "{run:?}");
    assert_eq!(state(root.path()).into_keys().collect::<Vec<_>>(), ["report.html"]);
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "the old report");
    assert_eq!(story.insights(&["report", "--out", text(&out)]).code, 0);
    assert!(std::fs::read_to_string(&out).unwrap().contains("payments"));
}
