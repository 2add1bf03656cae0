//! The loopback that the load goes over, and its congestion control.
//!
//! Some systems have BBR as their default. It paces a connection by what it has measured of it, and on loopback, with
//! pages that fit into a dozen segments, it now and then holds back a page for a tenth of a second, from whichever
//! server. What is measured is then BBR. So a run can have a network of its own, whose loopback uses cubic.

use std::{
    env,
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt,
    process::Command,
};

use anyhow::{Context, Result, bail};

/// Set in the process that runs in a network of its own.
const VARIABLE: &str = "DAYBOOK_BENCH_NETWORK";
/// Arguments: this program and its arguments.
const SCRIPT: &str =
    "ip link set lo up && ip route change local 127.0.0.1 dev lo table local congctl cubic && exec \"$@\"";

/// Becomes a process in a network of its own, unless it is one already. Returns only with an error, or when it is.
pub(crate) fn enter_own() -> Result<()> {
    if env::var_os(VARIABLE).is_some() {
        return Ok(());
    }
    let program = env::current_exe().context("find this program")?;
    let mut command = Command::new("unshare");
    command.args(["--net", "sh", "-c", SCRIPT, "sh"]).arg(program).args(env::args_os().skip(1)).env(VARIABLE, "own");
    bail!("cannot make a network: {}; it needs root, unshare (util-linux) and ip (iproute2)", command.exec())
}

/// The congestion control of a connection over loopback.
pub(crate) fn congestion_control() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("listen on loopback")?;
    let connection = TcpStream::connect(listener.local_addr()?).context("connect over loopback")?;
    rustix::net::sockopt::tcp_congestion(&connection).context("ask for the congestion control")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_has_a_congestion_control() {
        assert!(!congestion_control().unwrap().is_empty());
    }
}
