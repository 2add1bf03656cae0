//! When a person, or the system, wants the program to end.

use tokio::signal::unix::{SignalKind, signal};

/// Returns at Ctrl-C or SIGTERM; from the first call on, these no longer end the program by themselves.
pub(super) async fn interrupted() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Then they still end the program by themselves.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
