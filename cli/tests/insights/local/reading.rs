//! Commands that only read.

use super::*;

#[test]
fn a_report_contains_no_path_of_its_machine() {
    let (root, file) = table();
    let database = Database::new(text(&file)).unwrap();
    // A target whose remedy is a command; other commands would add the path of the file.
    put(
        &database,
        r#"{"pk":"run#xray#123456789012#eu-west-1","sk":"state","kind":"state","source":"xray","schema_version":1,
            "account_id":"123456789012","region":"eu-west-1","entity_pk":"run#xray","entity_sk":"123456789012#eu-west-1"}"#,
    );
    drop(database);
    let report = finish(&mut reading(&["report", "--out", "-", "--table", "insights"], &file, root.path()));
    assert_eq!(report.code, 0, "{report:?}");
    let page = &report.stdout;
    assert!(
        page.contains("insights show --table insights") && page.contains("insights collect --source xray")
    );
    for private in [text(root.path()), "--local", "table.db"] {
        assert!(!page.contains(private), "{private}");
    }
}

#[test]
fn reading_commands_change_neither_the_file_nor_its_folder() {
    let (root, file) = table();
    let folder = file.parent().unwrap();
    // The same in rollback mode, as files written by `VACUUM INTO` and some tools, and an empty file.
    let copy = folder.join("copy.db");
    Database::new(text(&file)).unwrap().vacuum_into(text(&copy)).unwrap();
    let empty = folder.join("empty.db");
    std::fs::write(&empty, "").unwrap();
    for (file, is_table) in [(&file, true), (&copy, true), (&empty, false)] {
        let before = state(folder);
        for arguments in READING {
            let run = finish(&mut reading(arguments, file, root.path()));
            // Without a table, all commands report this.
            let expected = if is_table { 0 } else { 2 };
            assert_eq!(run.code, expected, "{} {arguments:?}: {run:?}", file.display());
            assert!(state(folder) == before, "{} was changed by {arguments:?}", file.display());
        }
    }
}

#[test]
fn changes_in_the_wal_file_of_a_killed_process_are_read_and_stay_in_place() {
    let (root, file) = table();
    let crashed = root.path().join("crashed");
    std::fs::create_dir(&crashed).unwrap();
    let database = Database::new(text(&file)).unwrap();
    put(&database, &insight("xray", "checkout", "2026-02-28T06:00:00.000Z", "", ""));
    for name in ["table.db", "table.db-wal"] {
        std::fs::copy(file.with_file_name(name), crashed.join(name)).unwrap();
    }
    drop(database);
    let file = crashed.join("table.db");
    let mut before = state(&crashed);
    assert!(!before["table.db-wal"].1.is_empty());
    for arguments in [&["show", "checkout"][..], &["list", "--open"], &["status"]] {
        let run = finish(&mut reading(arguments, &file, root.path()));
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        let mut after = state(&crashed);
        // SQLite's index of the `-wal` file has no data of its own.
        after.remove("table.db-shm");
        before.remove("table.db-shm");
        assert!(after == before, "{arguments:?} changed the file");
    }
    // A command that writes moves all changes into the file.
    assert_eq!(crate::support::insights(&["table", "create", "--local", text(&file)]).code, 0);
    assert_eq!(state(&crashed).into_keys().collect::<Vec<_>>(), ["table.db"]);
    let run = finish(&mut reading(&["show", "checkout"], &file, root.path()));
    assert_eq!(run.code, 0, "{run:?}");
}

/// Runs the program as an unprivileged user, because the superuser can write everywhere.
struct Unprivileged {
    program: PathBuf,
    is_root: bool,
}

impl Unprivileged {
    fn new(folder: &Path) -> Self {
        let is_root = folder.metadata().unwrap().uid() == 0;
        let mut program = PathBuf::from(env!("CARGO_BIN_EXE_insights"));
        if is_root {
            // Other users may not have access to the build folder.
            let copy = folder.join("insights");
            std::fs::copy(&program, &copy).unwrap();
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
            program = copy;
        }
        Self { program, is_root }
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(&self.program);
        command.args(["__as-of", NOW]).args(arguments).env_clear().env("TZ", "UTC").stdin(Stdio::null());
        if self.is_root {
            command.uid(65_534);
        }
        finish(&mut command)
    }
}

#[test]
fn a_file_in_a_read_only_folder_is_read_unless_it_has_a_wal_file() {
    let (root, file) = table();
    let folder = file.parent().unwrap();
    let user = Unprivileged::new(root.path());
    let local = text(&file);
    let set = |mode: u32| std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).unwrap();
    set(0o555);
    let before = state(folder);
    for arguments in [&["list", "--open"][..], &["show", "payments"], &["status"], &["report", "--out", "-"]]
    {
        let run = user.run(&[arguments, &["--local", local]].concat());
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        assert!(run.stdout.contains("payments") || arguments[0] == "status", "{arguments:?}: {run:?}");
        assert!(state(folder) == before, "{arguments:?} changed the file");
    }
    for arguments in [&["table", "create"][..], &["purge", "--account", GONE, "--yes"]] {
        let run = user.run(&[arguments, &["--local", local]].concat());
        assert_eq!(run.code, 1, "{arguments:?}: {run:?}");
        assert!(run.stderr.contains("cannot be written: the file or its folder is read-only"), "{run:?}");
        assert!(state(folder) == before, "{arguments:?} changed the file");
    }
    // If the `-wal` file has changes, the file alone would be an older state.
    set(0o755);
    let database = Database::new(local).unwrap();
    put(&database, &insight("xray", "checkout", "2026-02-28T06:00:00.000Z", "", ""));
    set(0o555);
    let run = user.run(&["list", "--open", "--local", local]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{run:?}");
    assert!(
        run.stderr.contains("its folder is read-only, and ") && run.stderr.contains("table.db-wal"),
        "{run:?}"
    );
    set(0o755);
    drop(database);
    // An empty `-wal` file has no changes.
    std::fs::write(folder.join("table.db-wal"), "").unwrap();
    set(0o555);
    let run = user.run(&["show", "checkout", "--local", local]);
    assert_eq!(run.code, 0, "{run:?}");
    set(0o755);
}

#[test]
fn files_of_other_programs_are_rejected_and_stay_unchanged() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("data");
    std::fs::create_dir(&folder).unwrap();
    let places = folder.join("places.sqlite");
    let connection = Connection::open(&places).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE places (url TEXT)").unwrap();
    drop(connection);
    std::fs::write(folder.join("letter.txt"), "Dear Sir or Madam").unwrap();
    let before = state(&folder);
    for (name, expected) in
        [("places.sqlite", "a database of another program"), ("letter.txt", "is not a table")]
    {
        let file = folder.join(name);
        for arguments in
            [&["list"][..], &["status"], &["table", "create"], &["purge", "--account", GONE, "--yes"]]
        {
            let run = finish(&mut reading(arguments, &file, root.path()));
            assert_eq!(run.code, 2, "{name} {arguments:?}: {run:?}");
            assert!(run.stderr.contains(expected), "{name} {arguments:?}: {}", run.stderr);
            assert!(state(&folder) == before, "{name} was changed by {arguments:?}");
        }
    }
}
