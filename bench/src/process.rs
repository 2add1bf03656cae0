//! What Linux tells of a process: processor time, memory now, memory at its peak.

use std::{fs, time::Duration};

use anyhow::{Context, Result};

/// Ticks a second in `/proc/PID/stat`: a constant of the kernel's interface (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time used so far by a process and its children, of all threads, in user and kernel mode.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    // A child may end while it is looked at.
    let of_children: Duration = children.filter_map(|child| cpu_time_without_children(child).ok()).sum();
    Ok(cpu_time_without_children(pid)? + of_children)
}

/// The same of this process alone.
pub(crate) fn own_cpu_time() -> Result<Duration> {
    cpu_time_without_children(std::process::id())
}

fn cpu_time_without_children(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    // The name in parentheses may hold anything; user and kernel time are the 14th and 15th member.
    let (_, rest) = text.rsplit_once(')').context("read a process's state")?;
    let ticks: f64 = rest.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    Ok(Duration::from_secs_f64(ticks / TICKS_PER_SECOND))
}

/// Resident memory now, MiB.
pub(crate) fn memory_mib(pid: u32) -> Result<f64> {
    status_mib(pid, "VmRSS:")
}

/// The most resident memory since the start or [`forget_peak`], MiB.
pub(crate) fn peak_mib(pid: u32) -> Result<f64> {
    status_mib(pid, "VmHWM:")
}

/// Begins the peak anew.
pub(crate) fn forget_peak(pid: u32) -> Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").context("reset the peak of resident memory")
}

fn status_mib(pid: u32, name: &str) -> Result<f64> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|kib| kib.trim().parse::<f64>().ok());
    Ok(kib.with_context(|| format!("find {name} in {path}"))? / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_uses_time() {
        let pid = std::process::id();
        assert!(memory_mib(pid).unwrap() > 0.5);
        assert!(peak_mib(pid).unwrap() >= 0.5);
        let started = std::time::Instant::now();
        while own_cpu_time().unwrap().is_zero() {
            assert!(started.elapsed() < Duration::from_secs(10));
        }
    }
}
