//! A file is put in its place whole or not at all: one that was there before stays until the new one
//! is.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::edge::fresh_id;

/// How many links are followed one after the other.
const LINKS: usize = 40;

/// Where a path leads once every link is followed, whether there is something or not.
pub(super) fn end_of(path: &Path) -> PathBuf {
    if let Ok(whole) = path.canonicalize() {
        return whole;
    }
    let mut end = path.to_owned();
    for _ in 0..LINKS {
        let Ok(next) = fs::read_link(&end) else { break };
        end = folder_of(&end).join(next);
    }
    match (folder_of(&end).canonicalize(), end.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => end,
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}

/// Whether there is something that is no file: a device, a pipe, or a folder.
pub(super) fn is_device(path: &Path) -> bool {
    path.metadata().is_ok_and(|about| !about.is_file())
}

/// Whether it is a pipe: whoever reads it would take that it was opened and closed for its end.
#[cfg(unix)]
pub(super) fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    let about = path.metadata();
    about.is_ok_and(|about| about.file_type().is_fifo())
}

#[cfg(not(unix))]
pub(super) const fn is_pipe(_: &Path) -> bool {
    false
}

/// Whether two paths that lead somewhere lead to one file.
#[cfg(unix)]
pub(super) fn is_one(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let place = |path: &Path| path.metadata().ok().map(|about| (about.dev(), about.ino()));
    one == other || place(one).is_some_and(|one| place(other) == Some(one))
}

#[cfg(not(unix))]
pub(super) fn is_one(one: &Path, other: &Path) -> bool {
    one == other
}

/// Looks whether a file can be written. One that was not there is not left behind.
pub(super) fn look(path: &Path) -> io::Result<()> {
    if is_pipe(path) {
        return Ok(());
    }
    if path.exists() {
        return File::options().append(true).open(path).map(drop);
    }
    File::create_new(path)?;
    fs::remove_file(path)
}

/// Writes a file; whoever wants a link to be followed wants it to stay.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if is_device(path) {
        return fs::write(path, bytes);
    }
    put(&end_of(path), bytes, |part| File::create_new(part))
}

/// Writes beside the file and puts that in its place. Where the folder is not ours and the file is, it
/// is written where it stands.
fn put(path: &Path, bytes: &[u8], make: impl FnOnce(&Path) -> io::Result<File>) -> io::Result<()> {
    let part = path.with_file_name(format!(".dancu-{}.part", fresh_id()));
    let put = make(&part).and_then(|file| {
        let put = fill(file, path, bytes).and_then(|()| fs::rename(&part, path));
        if put.is_err() {
            // What was told is that the file was not written; a piece of it is no use.
            drop(fs::remove_file(&part));
        }
        put
    });
    match put {
        Err(error) if is_not_ours(&error) => fs::write(path, bytes),
        put => put,
    }
}

/// Fills what takes the place of a file. Whoever could not read that one cannot read this one either.
fn fill(mut part: File, path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Ok(about) = path.metadata() {
        part.set_permissions(about.permissions())?;
    }
    part.write_all(bytes)
}

fn is_not_ours(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.json");
        for text in ["an earlier run", "this run"] {
            write(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn what_was_there_is_written_over_only_where_its_folder_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.json");
        fs::write(&path, "an earlier run").unwrap();
        let fails = |kind: ErrorKind| put(&path, b"this run", |_| Err(kind.into()));
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            assert_eq!(fails(kind).unwrap_err().kind(), kind);
            assert_eq!(fs::read_to_string(&path).unwrap(), "an earlier run");
        }
        for kind in [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem] {
            fs::write(&path, "an earlier run").unwrap();
            fails(kind).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "this run");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_link_stays_one_and_leads_to_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let [path, link, twice] =
            ["run.json", "latest.json", "twice.json"].map(|name| folder.path().join(name));
        std::os::unix::fs::symlink("run.json", &link).unwrap();
        std::os::unix::fs::symlink(&link, &twice).unwrap();
        // It leads nowhere at first.
        look(&end_of(&twice)).unwrap();
        for text in ["this run", "the next"] {
            assert!(link.is_symlink() && twice.is_symlink());
            assert!(is_one(&end_of(&twice), &end_of(&path)));
            write(&twice, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        // A link to itself leads nowhere for ever.
        let circle = folder.path().join("circle");
        std::os::unix::fs::symlink("circle", &circle).unwrap();
        assert!(look(&end_of(&circle)).is_err());
    }
}
