//! One push, and what its answer means: 204 alone is success.

use daybook_events::Timestamp;
use reqwest::{
    Url,
    header::{AUTHORIZATION, CONTENT_TYPE},
};

use super::{config::Config, encode::push_request};
use crate::{
    Batch, Context, Delivered, DeliveryError, Destination, Endpoint, Rejected, Settings, SettingsError, Unsettled,
    http::{HttpAnswer, HttpSender, classify},
};

const ANSWER_BYTES_MAX: usize = 64 << 10;
const PATH: &str = "/loki/api/v1/push";

/// A Loki.
#[derive(Debug)]
pub(crate) struct Connector {
    http: HttpSender,
    url: Url,
    config: Config,
}

impl Connector {
    /// A Loki of these settings.
    pub(in crate::destinations) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let http = HttpSender::open(settings, context)?;
        let mut url = http.url(settings, "url")?;
        if !url.path().ends_with(PATH) {
            url.set_path(&format!("{}{PATH}", url.path().trim_end_matches('/')));
        }
        Ok(Self { http, url, config: Config::of(settings)? })
    }
}

impl Destination for Connector {
    fn endpoint(&self) -> Option<Endpoint> {
        Some(self.http.endpoint(&self.url))
    }

    async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        let (config, whole) = (self.config.clone(), batch.clone());
        // Reading the events for their metadata takes milliseconds of processor time.
        let body = tokio::task::spawn_blocking(move || push_request(&config, &whole)).await;
        let body = body.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        let mut request = self.http.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        if let Some(authorization) = &self.config.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(tenant) = &self.config.tenant {
            request = request.header("X-Scope-OrgID", tenant);
        }
        let request = self.config.compression.put(request, body).await;
        read(&self.http.send(request, ANSWER_BYTES_MAX).await?, batch)
    }
}

fn read(answer: &HttpAnswer, batch: &Batch) -> Result<Delivered, DeliveryError> {
    let status = answer.status.as_u16();
    match status {
        204 => Ok(Delivered::all()),
        260 => Err(DeliveryError::stop(
            format!("the receiver answered 260, its ingestion is blocked: {}", answer.text()),
            "lift the block in Loki's limits (block_ingestion_until), or ask Grafana Cloud about the account",
        )),
        200..=299 => Err(DeliveryError::stop(
            format!("the receiver answered {status} instead of Loki's 204"),
            "check the URL: something else than Loki answers there",
        )),
        400 => classify(answer).map(|()| Delivered::all()).or_else(|error| without_old(answer, batch, error)),
        _ => classify(answer).map(|()| Delivered::all()),
    }
}

/// With 400 Loki has kept the good entries and tells of the first bad ones. Of entries that are too old it says how old
/// they may be, so that those are known at once. Which other ones are bad has to be found out by halves; the good ones
/// among them Loki then gets again, and keeps once.
fn without_old(answer: &HttpAnswer, batch: &Batch, error: DeliveryError) -> Result<Delivered, DeliveryError> {
    let text = String::from_utf8_lossy(&answer.body);
    let Some(oldest) = oldest_acceptable(&text) else { return Err(error) };
    let (old, rest): (Vec<usize>, Vec<usize>) =
        (0..batch.events.len()).partition(|index| batch.events[*index].time < oldest);
    if old.is_empty() {
        return Err(error);
    }
    let reason = error.to_string();
    let rejected = old.into_iter().map(|index| Rejected { index, reason: reason.clone() }).collect();
    // They are sent again at once: it is not they that are bad, as far as is known.
    let error = DeliveryError::Retry { reason, after: Some(std::time::Duration::ZERO) };
    let unsettled = (!rest.is_empty()).then_some(Unsettled { indices: rest, error });
    Ok(Delivered { rejected, unsettled, ..Delivered::default() })
}

fn oldest_acceptable(text: &str) -> Option<Timestamp> {
    let (_, after) = text.split_once("oldest acceptable timestamp is: ")?;
    let end = after.find(|character: char| !character.is_ascii_alphanumeric() && !"-:.+".contains(character));
    after[..end.unwrap_or(after.len())].trim_end_matches('.').parse().ok()
}
