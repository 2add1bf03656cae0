//! Writing a batch, and what counts as its delivery.

use std::{collections::VecDeque, sync::Arc};

use tokio::{sync::Mutex, time::timeout};

use super::{
    config::{Config, Confirm},
    encode::{Encoded, encode},
    link::Link,
};
use crate::{Batch, Context, Delivered, DeliveryError, Destination, Endpoint, Settings, SettingsError};

/// A syslog receiver, over one connection at a time.
#[derive(Debug)]
pub(crate) struct Connector {
    config: Config,
    context: Context,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The connection, while nothing is on its way. Taken during an attempt: one that is broken off leaves none.
    link: Option<Link>,
    /// The last messages that the peer's TCP has acknowledged, and perhaps no program has read.
    unproven: VecDeque<Box<[u8]>>,
}

impl Connector {
    /// A receiver of these settings.
    pub(in crate::destinations) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let config = Config::of(settings, context)?;
        Ok(Self { config, context: context.clone(), state: Mutex::default() })
    }

    async fn send(&self, state: &mut State, encoded: &Encoded) -> Result<(), DeliveryError> {
        let mut link = self.link(state).await?;
        link.write(&encoded.bytes).await?;
        match self.config.confirm {
            Confirm::Close => link.close().await,
            Confirm::Queue => {
                link.acknowledged().await?;
                state.link = Some(link);
                state.remember(encoded, self.config.resend_count);
                Ok(())
            }
        }
    }

    /// The connection there is, or a new one on which the last messages of the old one were written again.
    async fn link(&self, state: &mut State) -> Result<Link, DeliveryError> {
        if let Some(mut link) = state.link.take()
            && link.ended().await.is_none()
        {
            return Ok(link);
        }
        let mut link = Link::open(&self.config, &self.context).await?;
        if !state.unproven.is_empty() {
            tracing::info!(batch.events = state.unproven.len(), "Sending the last events again after a reconnect");
            let (front, back) = state.unproven.as_slices();
            link.write(&[front.concat(), back.concat()].concat()).await?;
        }
        Ok(link)
    }
}

impl State {
    fn remember(&mut self, encoded: &Encoded, count_max: usize) {
        self.unproven.extend(encoded.last(count_max).map(Box::from));
        let surplus = self.unproven.len().saturating_sub(count_max);
        self.unproven.drain(..surplus);
    }
}

impl Destination for Connector {
    fn endpoint(&self) -> Option<Endpoint> {
        let tls = self.config.tls.as_ref().map(|(tls, _)| Arc::clone(tls));
        Some(Endpoint { host: self.config.host.clone(), port: self.config.port, tls })
    }

    async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        let mut encoded = encode(&self.config.layout, batch);
        let rejected = std::mem::take(&mut encoded.rejected);
        if !encoded.bytes.is_empty() {
            // Streams share the connection: the time runs while another's batch is on it, too.
            let sent = timeout(self.config.timeout, async {
                let mut state = self.state.lock().await;
                Box::pin(self.send(&mut state, &encoded)).await
            });
            sent.await.map_err(|_| {
                let seconds = self.config.timeout.as_secs();
                DeliveryError::retry(format!("the receiver had not acknowledged everything after {seconds} s"))
            })??;
        }
        Ok(Delivered { rejected, ..Delivered::default() })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{DestinationKind, testing};

    #[tokio::test]
    async fn the_time_runs_while_the_connection_is_anothers() {
        let given = [("host", "127.0.0.1"), ("transport", "tcp"), ("timeout_secs", "1")];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let settings = Settings::check(DestinationKind::Syslog.description(), &given).unwrap();
        let syslog = Connector::open(&settings, &testing::context(&std::env::temp_dir())).unwrap();
        let _held = syslog.state.lock().await;
        let batch = testing::batch("auditevents", 1);
        let came = timeout(Duration::from_secs(60), syslog.deliver(&batch)).await;
        assert!(matches!(came, Ok(Err(DeliveryError::Retry { .. }))), "{came:?}");
    }
}
