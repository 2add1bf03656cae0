//! The file and those that were renamed away from its name, in the order in which they were written.

use std::{cmp::Reverse, fs, io, path::Path, path::PathBuf};

use super::cursor::Identity;

/// Numbers up to here count rotations (`a.ndjson.2` is older than `a.ndjson.1`); larger ones are times.
const COUNT_MAX: u64 = 9999;

/// One of them.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) path: PathBuf,
    pub(super) file: Identity,
    pub(super) bytes: u64,
    /// Whether it has the name itself.
    pub(super) is_current: bool,
}

/// All of them, the oldest first, the one with the name itself last. Packed files and files of other names are not
/// among them.
pub(super) fn generations(path: &Path) -> io::Result<Vec<Generation>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut found = Vec::new();
    match fs::read_dir(path.parent().unwrap_or(Path::new("."))) {
        Ok(entries) => {
            for entry in entries {
                let entry = entry?;
                let entry_name = entry.file_name().to_string_lossy().into_owned();
                let Some(ending) = entry_name.strip_prefix(&name).filter(|ending| is_rotation(ending)) else {
                    continue;
                };
                // A link is not followed: it may lead out of the directories that files may be in.
                let Some(metadata) = present(entry.metadata())?.filter(fs::Metadata::is_file) else { continue };
                let file = Identity::of(&metadata);
                let generation = Generation { path: entry.path(), file, bytes: metadata.len(), is_current: false };
                found.push((age(file, ending), generation));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut generations: Vec<Generation> = found.into_iter().map(|(_, generation)| generation).collect();
    if let Some(metadata) = present(fs::metadata(path))? {
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
        }
        let file = Identity::of(&metadata);
        // Renamed away between the two looks, it is seen under its new name next time.
        generations.retain(|generation| generation.file != file);
        generations.push(Generation { path: path.to_owned(), file, bytes: metadata.len(), is_current: true });
    }
    Ok(generations)
}

/// What there is; `None` if it is gone.
pub(super) fn present<T>(looked_up: io::Result<T>) -> io::Result<Option<T>> {
    match looked_up {
        Ok(there) => Ok(Some(there)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// `.1`, `-20260304`, `.20260304T050607Z-1`, `.2026-03-04_05:06`: what rotation puts behind a name, and packing does not.
fn is_rotation(ending: &str) -> bool {
    let rest = ending.strip_prefix(['.', '-']).unwrap_or_default();
    let is_part = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'T' | b'Z' | b':' | b'-' | b'_' | b'.');
    rest.starts_with(|first: char| first.is_ascii_digit()) && rest.bytes().all(is_part)
}

/// What orders files: their birth, and where that is the same, or unknown, their names.
fn age(file: Identity, ending: &str) -> (u64, Reverse<u64>, String) {
    let count = ending[1..].parse().ok().filter(|count| *count <= COUNT_MAX);
    (file.born_ns, Reverse(count.unwrap_or(0)), ending.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rotation_names_is_known_from_what_packing_names() {
        for ending in [".1", ".12", "-20260304", ".20260304T050607Z", ".20260304T050607123Z-1", ".2026-03-04_05:06"] {
            assert!(is_rotation(ending), "{ending}");
        }
        for ending in ["", ".", ".gz", ".1.gz", ".bak", "-old", ".daybook-progress", "1", ".1~"] {
            assert!(!is_rotation(ending), "{ending}");
        }
    }

    #[test]
    fn files_are_ordered_by_their_age() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson");
        assert!(generations(&path).unwrap().is_empty());
        // The same birth, as far as the clock of some file systems tells: names decide.
        for name in ["a.ndjson.10", "a.ndjson.9", "a.ndjson.1", "a.ndjson", "a.ndjson.1.gz", "b.ndjson.1"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let names = |path: &Path| -> Vec<String> {
            let all = generations(path).unwrap();
            all.iter().map(|one| one.path.file_name().unwrap().to_string_lossy().into_owned()).collect()
        };
        assert_eq!(names(&path), ["a.ndjson.10", "a.ndjson.9", "a.ndjson.1", "a.ndjson"]);
    }
}
