//! One attempt, in the mode of the settings.

use super::{
    api::Api,
    feed::{self, Feed},
};
use crate::{
    Batch, Context, Delivered, DeliveryError, Destination, Endpoint, Settings, SettingsError, destinations::intake,
};

/// An instance of Google SecOps.
#[derive(Debug)]
pub(crate) struct Connector(Mode);

#[derive(Debug)]
enum Mode {
    Feed(Box<intake::Connector<Feed>>),
    Api(Box<Api>),
}

impl Connector {
    /// An instance of these settings.
    pub(in crate::destinations) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        Ok(Self(if settings.text("mode") == "api" {
            Mode::Api(Box::new(Api::open(settings, context)?))
        } else {
            Mode::Feed(Box::new(feed::open(settings, context)?))
        }))
    }
}

impl Destination for Connector {
    fn endpoint(&self) -> Option<Endpoint> {
        match &self.0 {
            Mode::Feed(feed) => feed.endpoint(),
            Mode::Api(api) => Some(api.endpoint()),
        }
    }

    async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        match &self.0 {
            Mode::Feed(feed) => feed.deliver(batch).await,
            Mode::Api(api) => api.import(batch).await.map(|()| Delivered::all()),
        }
    }
}
