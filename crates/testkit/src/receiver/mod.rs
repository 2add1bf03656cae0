//! An HTTP or HTTPS receiver in this process that keeps what it was sent and fails as it is told to.
//!
//! ```text
//!   request ──▶ next of the script?   for_next(n, fault)   one a request, in the order they were given
//!                   │ no
//!                   ▼
//!               a standing fault?     until_told(fault)    until recover()
//!                   │ no
//!                   ▼
//!               the handler           answer_with(…)       200 without a body, where none was given
//! ```
//!
//! What it promises: each request is recorded, also one that a fault ended half-way; `Received::stored` says whether a
//! real receiver would have kept it; a fault that loses the answer still lets the handler see the request, because a
//! receiver that stored a batch remembers it. What it leaves to others: what lies below HTTP ([`crate::FaultProxy`]).

mod fault;
pub mod handlers;
mod record;
mod serve;
#[cfg(test)]
mod tests;
mod tls;
mod wire;

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

pub use fault::Fault;
pub use record::{Received, Reply};
use serve::Shared;
pub use tls::TlsSetup;
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};

pub(crate) use tls::Tls;

/// The receiver; dropping it closes its port and its connections.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    tls: Option<Tls>,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// A receiver to be configured.
#[derive(Debug, Default)]
pub struct ReceiverBuilder {
    tls: Option<TlsSetup>,
}

impl ReceiverBuilder {
    /// Speaks TLS; without this, plain HTTP.
    #[must_use]
    pub fn tls(mut self, setup: TlsSetup) -> Self {
        self.tls = Some(setup);
        self
    }

    /// Starts it on a free port of 127.0.0.1, in the test's runtime.
    ///
    /// # Panics
    ///
    /// There is no free port.
    pub async fn start(self) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = self.tls.map(Tls::new);
        let shared = Arc::<Shared>::default();
        let acceptor = tls.as_ref().map(|tls| tls.acceptor.clone());
        let task = tokio::spawn(serve::accept(listener, acceptor, Arc::clone(&shared)));
        Receiver { address, tls, shared, task }
    }
}

impl Receiver {
    /// A receiver of plain HTTP.
    ///
    /// # Panics
    ///
    /// There is no free port.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// A receiver to be configured.
    #[must_use]
    pub fn builder() -> ReceiverBuilder {
        ReceiverBuilder::default()
    }

    /// Its address, such as `http://127.0.0.1:40123`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The authority that a client should trust; with `TlsSetup::UnknownAuthority`, not the one that signed.
    ///
    /// # Panics
    ///
    /// It speaks plain HTTP.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.tls().authority.pem()
    }

    /// A client's certificate and key in one text, of the authority that this receiver trusts.
    ///
    /// # Panics
    ///
    /// It speaks plain HTTP.
    #[must_use]
    pub fn client_identity_pem(&self) -> String {
        self.tls().authority.client("daybook-test-client").pem()
    }

    /// Answers with this function when no fault is due.
    pub fn answer_with(&self, handler: impl Fn(&Received) -> Reply + Send + Sync + 'static) {
        *self.shared.handler.lock().unwrap() = Arc::new(handler);
    }

    /// The next `n` requests that no earlier fault takes meet this one.
    pub fn for_next(&self, n: usize, fault: &Fault) {
        self.shared.script.lock().unwrap().push(n, fault);
    }

    /// Every request that the script does not take meets this fault, until `recover`.
    pub fn until_told(&self, fault: Fault) {
        self.shared.script.lock().unwrap().stand(fault);
    }

    /// Forgets all faults to come. A request that meets one right now goes on meeting it.
    pub fn recover(&self) {
        self.shared.script.lock().unwrap().clear();
    }

    /// The requests so far, in the order in which they were read whole or were given up.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.borrow().clone()
    }

    /// Those of them that a real receiver would have kept.
    #[must_use]
    pub fn stored(&self) -> Vec<Received> {
        self.received().into_iter().filter(|received| received.stored).collect()
    }

    /// How many TCP connections it has taken, with those whose TLS handshake failed.
    #[must_use]
    pub fn connection_count(&self) -> usize {
        self.shared.connection_count.load(Ordering::Relaxed)
    }

    /// How many requests have begun. One that is being read, slowly perhaps, is counted here before it is in `received`.
    #[must_use]
    pub fn begun_count(&self) -> usize {
        self.shared.begun_count.load(Ordering::Relaxed)
    }

    /// Waits for the `n`-th request and returns all there are by then.
    ///
    /// # Panics
    ///
    /// It did not come in time; the message says what did.
    pub async fn wait_for(&self, n: usize, time: Duration) -> Vec<Received> {
        self.wait_until(&format!("{n} requests"), time, |received| received.len() >= n).await
    }

    /// Waits for the `n`-th request that a real receiver would have kept, and returns those.
    ///
    /// # Panics
    ///
    /// It did not come in time; the message says what did.
    pub async fn wait_for_stored(&self, n: usize, time: Duration) -> Vec<Received> {
        let stored = |received: &[Received]| received.iter().filter(|received| received.stored).count() >= n;
        let all = self.wait_until(&format!("{n} stored requests"), time, stored).await;
        all.into_iter().filter(|received| received.stored).collect()
    }

    async fn wait_until(&self, what: &str, time: Duration, is_enough: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        let mut changes = self.shared.received.subscribe();
        if let Ok(received) = timeout(time, changes.wait_for(|received| is_enough(received))).await {
            return received.unwrap().clone();
        }
        let received = self.received();
        let lines: Vec<String> = received.iter().map(Received::line).collect();
        panic!(
            "{what} did not come within {time:?}; {} connections, {} requests:\n{}",
            self.connection_count(),
            received.len(),
            lines.join("\n")
        );
    }

    fn tls(&self) -> &Tls {
        self.tls.as_ref().expect("this receiver speaks plain HTTP: build it with tls(…)")
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}
