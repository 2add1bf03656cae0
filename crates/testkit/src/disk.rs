//! A disk small enough to fill, for tests of what happens when it is full.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

const FILLER: &str = "filler";
const CHUNK_BYTES: usize = 64 * 1024;
/// The last chunks are small, so that a full disk has not one page left.
const LAST_CHUNK_BYTES: usize = 4096;

/// A mounted `tmpfs` of a few megabytes; dropping it unmounts it.
#[derive(Debug)]
pub struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    /// Mounts a disk of this size.
    ///
    /// # Panics
    ///
    /// It cannot be mounted, mostly because this process is not root.
    #[must_use]
    pub fn mount(megabytes: u32) -> Self {
        let directory = TempDir::new().unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "daybook-small-disk"]).arg(directory.path());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "cannot mount a small disk: run this test as root, where mount(8) may mount a tmpfs: {}",
            said.trim()
        );
        Self { directory }
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a filler file until the disk takes not one byte more.
    ///
    /// # Panics
    ///
    /// Writing fails for another reason than a full disk.
    pub fn fill(&self) {
        let mut filler = File::options().create(true).append(true).open(self.filler_path()).unwrap();
        for chunk_bytes in [CHUNK_BYTES, LAST_CHUNK_BYTES] {
            let chunk = vec![0_u8; chunk_bytes];
            loop {
                match filler.write_all(&chunk) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("cannot fill the small disk: {error}"),
                }
            }
        }
    }

    /// Removes the filler file.
    ///
    /// # Panics
    ///
    /// There is none: `fill` was not called.
    pub fn free(&self) {
        fs::remove_file(self.filler_path()).unwrap();
    }

    fn filler_path(&self) -> PathBuf {
        self.path().join(FILLER)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, because a process that is about to end may still hold files open.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).output();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_disk_refuses_writes_until_it_is_freed() {
        let disk = SmallDisk::mount(2);
        let file = disk.path().join("events");
        fs::write(&file, b"before").unwrap();
        disk.fill();
        assert_eq!(fs::write(disk.path().join("more"), b"x").unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(fs::read(&file).unwrap(), b"before");
        disk.free();
        fs::write(disk.path().join("more"), vec![0_u8; 1_000_000]).unwrap();
        let path = disk.path().to_owned();
        drop(disk);
        assert!(!path.exists(), "the mount point is gone");
    }
}
