//! One attempt at a batch: a write for each of its groups, in turn.

use std::{
    collections::BTreeSet,
    marker::PhantomData,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use daybook_events::{AccountId, Feature};
use object_store::{Attribute, Attributes, ObjectStore, PutMode, PutOptions, list::PaginatedListStore, path::Path};
use reqwest::Url;

use super::{
    answers::Verdict,
    config::{Config, CreateOnly},
    encode::{Object, object_of},
    layout::{Group, groups},
    resume::stored_events,
};
use crate::{
    Batch, Context, Delivered, DeliveryError, Destination, Endpoint, Settings, SettingsError, Unsettled,
    http::HttpSender,
};

/// A store that can be written to and listed.
pub(super) trait Store: ObjectStore + PaginatedListStore {}

impl<T: ObjectStore + PaginatedListStore> Store for T {}

/// A bucket or container.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) store: Arc<dyn Store>,
    /// Where its host is.
    pub(super) url: Url,
}

/// Makes ready the bucket or container that settings name; nothing is connected yet.
pub(super) type Open = fn(&Settings, &HttpSender) -> Result<Place, SettingsError>;

/// An object store of a kind.
#[derive(Debug)]
pub(crate) struct Connector<K> {
    http: HttpSender,
    place: Place,
    config: Arc<Config>,
    /// Whether writes are still made conditional.
    is_conditional: AtomicBool,
    /// The streams whose last attempt ended well since this connector was opened: nothing was left behind there.
    settled: Mutex<BTreeSet<(AccountId, Feature)>>,
    kind: PhantomData<K>,
}

impl<K> Connector<K> {
    /// A store of these settings.
    pub(super) fn opened_by(open: Open, settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let http = HttpSender::open(settings, context)?;
        let config = Config::of(settings)?;
        Ok(Self {
            place: open(settings, &http)?,
            is_conditional: AtomicBool::new(config.create_only != CreateOnly::Off),
            config: Arc::new(config),
            settled: Mutex::default(),
            kind: PhantomData,
            http,
        })
    }

    async fn deliver_groups(&self, batch: &Batch, is_settled: bool) -> Result<Delivered, DeliveryError> {
        let (config, batch) = (Arc::clone(&self.config), batch.clone());
        let groups = off_thread(move || groups(&config, &batch)).await;
        let mut repeated = 0;
        for (number, group) in groups.iter().enumerate() {
            match self.deliver_group(group, is_settled).await {
                Ok(more) => repeated += more,
                Err(error) if number == 0 => return Err(error),
                Err(error) => {
                    let mut indices: Vec<usize> =
                        groups[number..].iter().flat_map(|group| group.indices.iter().copied()).collect();
                    indices.sort_unstable();
                    let unsettled = Some(Unsettled { indices, error });
                    return Ok(Delivered { repeated, unsettled, ..Delivered::default() });
                }
            }
        }
        Ok(Delivered { repeated, ..Delivered::default() })
    }

    /// Writes a group's object; tells how many of its events were there already.
    async fn deliver_group(&self, group: &Group, is_settled: bool) -> Result<usize, DeliveryError> {
        let repeated =
            if is_settled { 0 } else { stored_events(&*self.place.store, &group.folder, &group.events).await? };
        let events = group.events.slice(repeated..group.events.events.len());
        let count = events.events.len();
        if count == 0 {
            return Ok(repeated);
        }
        let (config, folder) = (Arc::clone(&self.config), group.folder.clone());
        let object = off_thread(move || object_of(&config, &folder, &events)).await;
        Ok(if self.write(object).await? { repeated } else { repeated + count })
    }

    /// Writes an object; false if it is there already. Its name holds the digest of what it says: it is the same then.
    async fn write(&self, object: Object) -> Result<bool, DeliveryError> {
        let path = Path::from(object.path);
        let bytes = bytes::Bytes::from(object.bytes);
        let attributes = Attributes::from_iter([(Attribute::ContentType, object.content_type)]);
        loop {
            let is_conditional = self.is_conditional.load(Ordering::Relaxed);
            let mode = if is_conditional { PutMode::Create } else { PutMode::Overwrite };
            let options = PutOptions { mode, attributes: attributes.clone(), ..PutOptions::default() };
            let Err(error) = self.place.store.put_opts(&path, bytes.clone().into(), options).await else {
                return Ok(true);
            };
            match Verdict::of(&error) {
                Verdict::Exists => return Ok(false),
                Verdict::Unconditional(_) if is_conditional && self.config.create_only == CreateOnly::Auto => {
                    self.is_conditional.store(false, Ordering::Relaxed);
                }
                Verdict::Unconditional(error) | Verdict::Failed(error) => return Err(error),
            }
        }
    }
}

impl<K: Send + Sync> Destination for Connector<K> {
    fn endpoint(&self) -> Option<Endpoint> {
        Some(self.http.endpoint(&self.place.url))
    }

    async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        let stream = (batch.account.clone(), batch.feature.clone());
        // Removed first: an attempt that is cut off leaves it so.
        let is_settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner).remove(&stream);
        let delivered = self.deliver_groups(batch, is_settled).await?;
        if delivered.unsettled.is_none() {
            self.settled.lock().unwrap_or_else(PoisonError::into_inner).insert(stream);
        }
        Ok(delivered)
    }
}

/// Work of more than a few milliseconds.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}
