//! Who is in the cluster: brokers, the leaders of partitions, and the connections to them.

use std::{collections::HashMap, sync::Arc};

use super::{
    config::Config,
    connection::{Connection, Dialer},
    errors,
    messages::{Api, Metadata, create_topic, metadata, read_created, read_metadata},
};
use crate::DeliveryError;

/// What is known of the cluster. What turns out to be stale is forgotten and asked for again.
#[derive(Debug)]
pub(super) struct Cluster {
    config: Config,
    dialer: Dialer,
    connections: HashMap<i32, Connection>,
    topics: HashMap<String, Arc<Metadata>>,
}

impl Cluster {
    pub(super) fn new(config: Config, dialer: Dialer) -> Self {
        Self { config, dialer, connections: HashMap::new(), topics: HashMap::new() }
    }

    /// Leads the questions about this topic to the cluster itself the next time.
    pub(super) fn forget(&mut self, topic: &str) {
        self.topics.remove(topic);
    }

    /// Closes connections that brokers or firewalls may have closed by now.
    pub(super) fn drop_idle(&mut self) {
        self.connections.retain(|_, connection| !connection.is_idle());
    }

    /// The topic's partitions and leaders; it is created if it is not there and the settings want it.
    pub(super) async fn topic(&mut self, topic: &str) -> Result<Arc<Metadata>, DeliveryError> {
        if let Some(known) = self.topics.get(topic) {
            return Ok(Arc::clone(known));
        }
        let found = self.ask(topic).await?;
        if found.code == errors::UNKNOWN_TOPIC && self.config.creates_topic {
            self.create(topic, &found).await?;
            return Err(DeliveryError::retry(format!("the topic {topic} was created and will have its leaders soon")));
        }
        match found.code {
            errors::NONE if found.leaders.is_empty() => {
                Err(DeliveryError::retry(format!("the topic {topic} has no partitions yet")))
            }
            errors::NONE => {
                let found = Arc::new(found);
                self.topics.insert(topic.to_owned(), Arc::clone(&found));
                Ok(found)
            }
            errors::UNKNOWN_TOPIC => Err(DeliveryError::stop(
                format!("there is no topic {topic}"),
                format!(
                    "create it (kafka-topics --create --topic {topic}), or set create_topic=true; a user without \
                         DESCRIBE on it does not see it either"
                ),
            )),
            code => Err(errors::judge(&format!("asking for the topic {topic}"), code, None)),
        }
    }

    /// Asks one broker. A connection that fails, or whose caller gives up, is not used again.
    pub(super) async fn call(
        &mut self,
        (node, host, port): (i32, &str, u16),
        api: Api,
        body: &[u8],
    ) -> Result<(i16, Vec<u8>), DeliveryError> {
        let mut connection = match self.connections.remove(&node) {
            Some(connection) => connection,
            None => self.dialer.dial(host, port).await?,
        };
        let version = connection.version(api)?;
        let answer = connection.call(api, version, body).await?;
        self.connections.insert(node, connection);
        Ok((version, answer))
    }

    /// Asks any broker: those that are connected, then those of the settings.
    pub(super) async fn call_any(&mut self, api: Api, body: &[u8]) -> Result<(i16, Vec<u8>), DeliveryError> {
        // A connection of before may have ended while it was not needed; the next one is asked then.
        for node in self.connections.keys().copied().collect::<Vec<_>>() {
            if let Ok(answer) = self.call((node, "", 0), api, body).await {
                return Ok(answer);
            }
        }
        let mut last = DeliveryError::retry("no broker is known");
        for (index, (host, port)) in (0i32..).zip(self.config.brokers.clone()) {
            // Brokers of the settings have no number yet: theirs are below zero, where no broker's is.
            match self.call((-1 - index, &host, port), api, body).await {
                Ok(answer) => return Ok(answer),
                Err(error @ DeliveryError::Stop { .. }) => return Err(error),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn ask(&mut self, topic: &str) -> Result<Metadata, DeliveryError> {
        let (_, answer) = self.call_any(Api::Metadata, &metadata(topic)).await?;
        read_metadata(&answer, topic).map_err(|error| DeliveryError::retry(error.to_string()))
    }

    async fn create(&mut self, topic: &str, found: &Metadata) -> Result<(), DeliveryError> {
        let Some((host, port)) = found.brokers.get(&found.controller) else {
            return Err(DeliveryError::retry("the cluster has no controller now"));
        };
        let body = create_topic(topic, self.config.broker_timeout_ms());
        let (_, answer) = self.call((found.controller, host, *port), Api::CreateTopics, &body).await?;
        let (code, message) = read_created(&answer).map_err(|error| DeliveryError::retry(error.to_string()))?;
        match code {
            errors::NONE | errors::TOPIC_ALREADY_EXISTS => Ok(()),
            code => Err(errors::judge(&format!("creating the topic {topic}"), code, message.as_deref())),
        }
    }
}
