//! Requests to a cluster: one a batch, and before the first to a data stream one that puts its template there.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use reqwest::{Method, Url, header::CONTENT_TYPE};
use serde_json::Value;

use super::{
    answer::{ANSWER_BYTES_MAX, FILTER, read},
    config::Config,
    encode,
    target::Target,
    template,
};
use crate::{
    Batch, Context, Delivered, DeliveryError, Destination, Endpoint, Settings, SettingsError,
    http::{HttpAnswer, HttpSender, classify, somebody_else},
};

const TEMPLATE_ANSWER_BYTES_MAX: usize = 16 << 10;

/// A cluster.
#[derive(Debug)]
pub(crate) struct Connector {
    http: HttpSender,
    config: Config,
    /// Templates that this connector has put there; after a restart they are put there once more.
    installed: Mutex<BTreeSet<String>>,
}

impl Connector {
    /// A cluster of these settings.
    pub(in crate::destinations) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let http = HttpSender::open(settings, context)?;
        let config = Config::of(settings, &http)?;
        Ok(Self { http, config, installed: Mutex::default() })
    }

    async fn install_template(&self, target: &Target) -> Result<(), DeliveryError> {
        let name = template::name(target);
        if self.installed().contains(&name) {
            return Ok(());
        }
        let body = template::body(target, self.config.shape).to_string();
        let request = self
            .http
            .request(Method::PUT, self.url(&["_index_template", &name]))
            .header(CONTENT_TYPE, "application/json");
        let request = self.config.credentials.put(request.body(body))?;
        let answer = self.http.send(request, TEMPLATE_ANSWER_BYTES_MAX).await?;
        read_template_answer(&answer)?;
        self.installed().insert(name);
        Ok(())
    }

    fn installed(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.installed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A path below the one that was given.
    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.config.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

/// A template that is not taken is nothing that other events would change.
fn read_template_answer(answer: &HttpAnswer) -> Result<(), DeliveryError> {
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status.is_success() && said["acknowledged"] != true {
        return Err(somebody_else(answer, "something else"));
    }
    classify(answer).map_err(|error| match error {
        DeliveryError::Refused { reason } | DeliveryError::TooLarge { reason } | DeliveryError::Stop { reason, .. } => {
            let fix = "let the API key manage index templates, or put the template there yourself and set \
                       install_template=false";
            DeliveryError::stop(format!("the index template was not taken: {reason}"), fix)
        }
        passing @ DeliveryError::Retry { .. } => passing,
    })
}

impl Destination for Connector {
    fn endpoint(&self) -> Option<Endpoint> {
        Some(self.http.endpoint(&self.config.url))
    }

    async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        let Config { shape, naming, installs_template, compression, credentials, .. } = &self.config;
        let target = Target::of(&batch.feature, naming, *shape);
        if *installs_template {
            Box::pin(self.install_template(&target)).await?;
        }
        let mut url = self.url(&[&target.name, "_bulk"]);
        url.query_pairs_mut().append_pair(FILTER.0, FILTER.1);
        let request = self.http.post(url).header(CONTENT_TYPE, "application/x-ndjson");
        let body = encode::body(batch, &target, *shape);
        let request = credentials.put(compression.put(request, body).await)?;
        read(&self.http.send(request, ANSWER_BYTES_MAX).await?, batch.events.len())
    }
}
