//! What the token may read, and one page of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use daybook_client::{ClientError, Page, ProgressGuard, Start, tls_trusting};
use daybook_events::{Clock, Feature, Timestamp, WIRE_FEATURES};
use serde::Deserialize;

use super::{
    config::Config,
    judge::{is_request_refused, judge},
    place::{Place, Reading},
};
use crate::{After, Begun, Context, Endpoint, Phase, Settings, SettingsError, Source, SourceError, SourcePage, Terms};

/// An account of 1Password, or of another Daybook.
#[derive(Debug)]
pub struct UpstreamSource {
    config: Config,
    clock: Arc<dyn Clock>,
    endpoint: Endpoint,
    /// Notices cursors that come round; after a restart it begins anew.
    guards: Mutex<HashMap<Feature, ProgressGuard>>,
}

impl UpstreamSource {
    /// A source of these settings. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// The token names no server and there is no URL, the URL may not be asked, or the settings contradict each other.
    pub fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let config = Config::of(settings, context)?;
        let roots: Vec<Vec<u8>> = settings.optional("ca_pem").map(|pem| pem.as_bytes().to_vec()).into_iter().collect();
        let tls = tls_trusting(&roots).map_err(|error| SettingsError::of("ca_pem", error.to_string()))?;
        let endpoint = Endpoint {
            host: config.client.host().to_owned(),
            port: config.client.port(),
            tls: config.client.base_url().starts_with("https:").then(|| Arc::new(tls)),
        };
        Ok(Self { config, clock: Arc::clone(&context.clock), endpoint, guards: Mutex::default() })
    }

    /// The page after a place. A cursor that the upstream does not take any more gives way to the time of the last event.
    async fn ask(
        &self,
        feature: &Feature,
        place: Place,
        last_time: Option<Timestamp>,
    ) -> Result<(Place, Page), ClientError> {
        match self.config.client.page(feature, &self.start_of(&place)).await {
            Ok(page) => Ok((place, page)),
            Err(error) if is_request_refused(&error) && place.cursor.is_some() => {
                let now = self.clock.now();
                let last_time = last_time.map(|time| time.min(now).minus(self.config.overlap));
                let since = last_time.unwrap_or_else(|| self.config.begins_at(now));
                let again = Place { reading: Reading::Again { since }, cursor: None };
                let page = self.config.client.page(feature, &Start::since(since)).await?;
                Ok((again, page))
            }
            Err(error) => Err(error),
        }
    }

    fn start_of(&self, place: &Place) -> Start {
        match (&place.cursor, place.reading) {
            (Some(cursor), _) => Start::Cursor(cursor.clone()),
            (None, Reading::CatchingUp { since, .. } | Reading::Again { since }) => Start::since(since),
            (None, Reading::Following) => Start::since(self.config.begins_at(self.clock.now())),
        }
    }

    fn is_circle(&self, feature: &Feature, page: &Page) -> bool {
        let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        guards.entry(feature.clone()).or_default().is_circle(&page.cursor, page.has_more)
    }

    fn first_place(&self) -> Place {
        let now = self.clock.now();
        Place { reading: Reading::CatchingUp { since: self.config.begins_at(now), began_at: now }, cursor: None }
    }
}

impl Source for UpstreamSource {
    fn endpoint(&self) -> Option<Endpoint> {
        Some(self.endpoint.clone())
    }

    fn terms(&self) -> Terms {
        self.config.terms.clone()
    }

    async fn begin(&self) -> Result<Begun, SourceError> {
        let said = self.config.client.introspect().await.map_err(|error| judge(&error))?;
        let may: Vec<Feature> = said.features.iter().filter_map(|name| name.parse().ok()).collect();
        let named = self.config.terms.wanted.clone();
        let withheld = match &named {
            Some(_) => Vec::new(),
            None => WIRE_FEATURES.into_iter().filter(|feature| !may.contains(feature)).collect(),
        };
        let wanted = named.unwrap_or_else(|| may.clone());
        let (features, missing): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|feature| may.contains(feature));
        if features.is_empty() {
            let reason = "the token may read none of the wanted events";
            let fix = "make a token at the upstream that may read them: daybook source set NAME --set-file token=FILE";
            return Err(SourceError::stop(reason, fix));
        }
        Ok(Begun { features, missing, withheld, account: said.account_uuid })
    }

    async fn fetch(&self, feature: &Feature, after: After<'_>) -> Result<SourcePage, SourceError> {
        let kept = Place::parse(after.cursor).map_err(|error| {
            let reason = format!("the cursor is none of an upstream: {error}");
            SourceError::stop(reason, "remove the source and add it again")
        })?;
        let place = kept.unwrap_or_else(|| self.first_place());
        let (place, page) = self.ask(feature, place, after.last_time).await.map_err(|error| judge(&error))?;
        // The tail repeats its cursor, but without events; whoever gives events and the same cursor gives them again.
        let is_repeating = place.cursor.as_ref() == Some(&page.cursor) && !page.items.is_empty();
        if place.cursor.is_none() {
            // A walk that begins anew has been nowhere yet.
            self.guards.lock().unwrap_or_else(PoisonError::into_inner).remove(feature);
        }
        let is_stuck = self.is_circle(feature, &page) || is_repeating;
        let payloads: Vec<String> = page.items.iter().map(|item| item.get().to_owned()).collect();
        let mut taken = SourcePage { has_more: page.has_more && !is_stuck, ..SourcePage::default() };
        if let Reading::Again { since } = place.reading {
            taken.known_since = Some(since);
            taken.notice = format!(
                "the upstream did not take the cursor any more; events since {since} are read again, and those that are \
                 here already are dropped"
            );
        }
        if is_stuck {
            taken.known_since = oldest_time(&payloads).or(taken.known_since).filter(|_| !payloads.is_empty());
            taken.notice =
                "the upstream gives the same cursor again although it says that there is more; it is asked at the pace \
                 of the newest events"
                    .to_owned();
        }
        // Stuck is not the end: what was being read is still being read.
        taken.cursor = place.after(page.cursor, page.has_more).to_text();
        taken.payloads = payloads;
        Ok(taken)
    }

    fn phase(&self, cursor: &str) -> Phase {
        match Place::parse(cursor) {
            Ok(Some(place)) => place.reading.into(),
            _ => self.first_place().reading.into(),
        }
    }
}

/// When the oldest of these events happened, as far as they say.
fn oldest_time(payloads: &[String]) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Timed {
        timestamp: Timestamp,
    }
    payloads.iter().filter_map(|payload| serde_json::from_str::<Timed>(payload).ok()).map(|it| it.timestamp).min()
}
