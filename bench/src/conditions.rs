//! Under which conditions a run was made: without them its figures say nothing.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    time::Instant,
};

use anyhow::{Context, Result};
use daybook_events::{Clock, SystemClock};

use crate::{network, samples::Samples};

const FSYNC_COUNT: usize = 200;
const FSYNC_BYTES: usize = 4096;

/// Names and values, in the order in which they are shown.
pub(crate) type Conditions = Vec<(&'static str, String)>;

/// What can be told before anything is measured; `directory` is where the data directories will be.
pub(crate) fn observe(directory: &Path) -> Result<Conditions> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().context("count the cores")?;
    let load = read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned();
    let fsync = measure_fsync(directory)?;
    Ok(vec![
        ("date", SystemClock.now().to_string().chars().take(19).collect::<String>() + "Z"),
        ("Daybook", env!("CARGO_PKG_VERSION").to_owned()),
        (
            "processor",
            format!("{cores} cores of {}, shared with the load generator", processor(&read("/proc/cpuinfo"))),
        ),
        ("memory", memory(&read("/proc/meminfo"))),
        ("kernel", read("/proc/sys/kernel/osrelease").trim().to_owned()),
        ("file system", file_system(directory, &read("/proc/mounts"))),
        ("fsync of 4 KiB", format!("{} over {FSYNC_COUNT}", fsync.summary())),
        ("loopback", network::congestion_control()?),
        ("load before", format!("{load} (1 minute; 0 on an idle machine)")),
    ])
}

fn processor(cpuinfo: &str) -> &str {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(':')).map_or("an unnamed processor", |(_, name)| name.trim())
}

fn memory(meminfo: &str) -> String {
    let kib = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB"));
    let gib = kib.and_then(|kib| kib.trim().parse::<f64>().ok()).map(|kib| kib / f64::from(1 << 20));
    gib.map_or_else(|| "unknown".to_owned(), |gib| format!("{gib:.0} GiB"))
}

/// The type of the file system with the longest mount point above the directory.
fn file_system(directory: &Path, mounts: &str) -> String {
    let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let above = fields.filter(|fields| fields.len() > 2 && directory.starts_with(fields[1]));
    let nearest = above.max_by_key(|fields| fields[1].len());
    nearest.map_or_else(|| "unknown".to_owned(), |fields| format!("{} on {}", fields[2], fields[0]))
}

fn measure_fsync(directory: &Path) -> Result<Samples> {
    let path = directory.join("fsync");
    let mut file = File::create(&path).context("make a file to sync")?;
    let bytes = [7; FSYNC_BYTES];
    let mut one = || -> Result<_> {
        let started = Instant::now();
        file.write_all(&bytes).and_then(|()| file.sync_data()).context("sync a file")?;
        Ok(started.elapsed())
    };
    let samples = (0..FSYNC_COUNT).map(|_| one()).collect::<Result<Samples>>();
    fs::remove_file(&path).context("remove the file that was synced")?;
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_point_counts() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n";
        assert_eq!(file_system(Path::new("/tmp/nowhere/x"), mounts), "tmpfs on tmpfs");
        assert_eq!(file_system(Path::new("/nowhere"), mounts), "ext4 on /dev/a");
    }
}
