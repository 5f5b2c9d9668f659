//! Replaces files atomically: the old file is kept until the new one is complete, so that a full disk does not destroy it.

use std::fs::File;
use std::io::{Error, Result, Write};
use std::path::Path;
use tempfile::{Builder, NamedTempFile};

/// Writes `content` to a temporary file in the folder of `path` and renames it to `path`. Devices and pipes are written directly.
pub fn replace(path: &Path, content: &[u8]) -> Result<()> {
    // A symbolic link is kept; its target is replaced.
    let target = path.canonicalize();
    let path = target.as_deref().unwrap_or(path);
    let old = path.metadata().ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        return File::options().write(true).open(path)?.write_all(content);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let named =
        |error: Error| Error::new(error.kind(), format!("a temporary file in {}: {error}", folder.display()));
    // Dropping it removes the file, unless it was renamed.
    let mut file = temporary(folder).map_err(named)?;
    file.write_all(content).map_err(named)?;
    if let Some(old) = old {
        file.as_file().set_permissions(old.permissions()).map_err(named)?;
    }
    // Otherwise the rename could reach the disk before the content.
    file.as_file().sync_all().map_err(named)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A temporary file with the default permissions of a new file.
fn temporary(folder: &Path) -> Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".insights-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The operating system applies the umask.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_created_or_replaced_without_temporary_files() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("report.html");
        for content in ["first", "second and longer", ""] {
            replace(&file, content.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&file).unwrap(), content);
            assert_eq!(names(root.path()), ["report.html"]);
        }
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_kept_without_temporary_files() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("folder")).unwrap();
        assert!(replace(&root.path().join("folder"), b"x").is_err());
        assert!(replace(&root.path().join("missing/report.html"), b"x").is_err());
        assert_eq!(names(root.path()), ["folder"]);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_stay_and_a_device_is_written_to() {
        use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
        let root = tempfile::tempdir().unwrap();
        let (file, link) = (root.path().join("report.html"), root.path().join("latest.html"));
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        symlink("report.html", &link).unwrap();
        replace(&link, b"new").unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        // The permissions are those of a new file, not those of a temporary file.
        let (new, usual) = (root.path().join("new"), root.path().join("usual"));
        replace(&new, b"new").unwrap();
        std::fs::write(&usual, "").unwrap();
        assert_eq!(new.metadata().unwrap().permissions(), usual.metadata().unwrap().permissions());
        replace(Path::new("/dev/null"), b"gone").unwrap();
        assert!(Path::new("/dev/null").metadata().unwrap().file_type().is_char_device());
    }
}
