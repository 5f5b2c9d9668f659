//! How each kind of file is opened, and that inspecting a file does not change it.

use super::*;
use dynoxide::Database;

#[test]
fn every_state_of_a_file_has_one_plan() {
    use Content::{EmptyDatabase, Nothing, Other, OtherDatabase, Tables};
    let (wal, rollback) = (Tables { wal: true, current: true }, Tables { wal: false, current: true });
    let older = Tables { wal: true, current: false };
    for (content, has_pending_changes, can_write, reading, writing) in [
        (wal, false, true, Ok(Plan::Shared), Ok(Plan::Write)),
        (wal, true, true, Ok(Plan::SharedReadOnly), Ok(Plan::Write)),
        (wal, false, false, Ok(Plan::Immutable), Err(Obstacle::ReadOnly)),
        (wal, true, false, Err(Obstacle::PendingChanges), Err(Obstacle::ReadOnly)),
        (rollback, false, true, Ok(Plan::Copy), Ok(Plan::Write)),
        (rollback, false, false, Ok(Plan::Immutable), Err(Obstacle::ReadOnly)),
        (rollback, true, false, Err(Obstacle::PendingChanges), Err(Obstacle::ReadOnly)),
        (older, false, true, Ok(Plan::Copy), Ok(Plan::Write)),
        (older, false, false, Ok(Plan::Immutable), Err(Obstacle::ReadOnly)),
        (Nothing, false, true, Ok(Plan::Empty), Ok(Plan::Write)),
        (Nothing, false, false, Ok(Plan::Empty), Err(Obstacle::ReadOnly)),
        (Nothing, true, false, Err(Obstacle::PendingChanges), Err(Obstacle::ReadOnly)),
        (EmptyDatabase, false, true, Ok(Plan::Empty), Ok(Plan::Write)),
        (EmptyDatabase, true, true, Ok(Plan::SharedReadOnly), Ok(Plan::Write)),
        (OtherDatabase, false, true, Err(Obstacle::OtherDatabase), Err(Obstacle::OtherDatabase)),
        (OtherDatabase, false, false, Err(Obstacle::OtherDatabase), Err(Obstacle::OtherDatabase)),
        (Other, false, true, Err(Obstacle::Other), Err(Obstacle::Other)),
        (Other, true, false, Err(Obstacle::Other), Err(Obstacle::Other)),
    ] {
        let facts = Facts { content, has_pending_changes, can_write };
        assert_eq!(plan(facts, Purpose::Read), reading, "{facts:?}");
        assert_eq!(plan(facts, Purpose::Write), writing, "{facts:?}");
    }
}

/// The names, lengths and bytes of all files in a folder.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mut contents: Vec<(String, Vec<u8>)> = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect();
    contents.sort();
    contents
}

#[test]
fn inspecting_a_file_finds_its_content_and_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let file = |name: &str| root.path().join(name);
    drop(Database::new(file("ours.db").to_str().unwrap()).unwrap());
    let memory = Database::memory().unwrap();
    memory.vacuum_into(file("rollback.db").to_str().unwrap()).unwrap();
    memory.vacuum_into(file("older.db").to_str().unwrap()).unwrap();
    let older = Connection::open(file("older.db")).unwrap();
    older.execute("UPDATE _config SET value = '9' WHERE key = 'schema_version'", []).unwrap();
    drop(older);
    let other = Connection::open(file("other.db")).unwrap();
    other.execute_batch("CREATE TABLE places (url TEXT)").unwrap();
    drop(other);
    let empty = Connection::open(file("empty.db")).unwrap();
    empty.execute_batch("PRAGMA user_version = 1").unwrap();
    drop(empty);
    std::fs::write(file("zero.db"), "").unwrap();
    std::fs::write(file("letter.db"), "Dear Sir or Madam, this is not a database at all").unwrap();
    std::fs::write(file("short.db"), "SQLite").unwrap();
    std::fs::write(file("damaged.db"), [MAGIC, &[7; 200]].concat()).unwrap();
    let before = contents(root.path());
    for (name, content) in [
        ("ours.db", Content::Tables { wal: true, current: true }),
        ("rollback.db", Content::Tables { wal: false, current: true }),
        ("older.db", Content::Tables { wal: false, current: false }),
        ("other.db", Content::OtherDatabase),
        ("empty.db", Content::EmptyDatabase),
        ("zero.db", Content::Nothing),
        ("missing.db", Content::Nothing),
        ("letter.db", Content::Other),
        ("short.db", Content::Other),
        ("damaged.db", Content::Tables { wal: false, current: true }),
    ] {
        let facts = facts(&file(name)).unwrap();
        assert_eq!(facts, Facts { content, has_pending_changes: false, can_write: true }, "{name}");
    }
    assert_eq!(contents(root.path()), before);
    std::fs::write(file("ours.db-wal"), "").unwrap();
    assert!(!facts(&file("ours.db")).unwrap().has_pending_changes, "an empty -wal file holds nothing");
    for suffix in ["-wal", "-journal"] {
        std::fs::write(beside(&file("rollback.db"), suffix), "x").unwrap();
        assert!(facts(&file("rollback.db")).unwrap().has_pending_changes, "{suffix}");
        std::fs::remove_file(beside(&file("rollback.db"), suffix)).unwrap();
    }
}

#[test]
fn special_characters_of_uris_are_escaped_in_file_names() {
    let root = tempfile::tempdir().unwrap();
    for name in ["a b.db", "100%.db", "q?mode=memory.db", "h#ash.db", "é.db", "a&b=c.db", "file:x.db"] {
        let file = root.path().join(name);
        drop(Database::new(&uri(&file, "mode=rwc").unwrap()).unwrap());
        assert!(is_database(&file).unwrap(), "{name}");
        assert!(matches!(inspect(&file, Purpose::Read), Ok(Open::At(_))), "{name}");
    }
}
