//! What differs between the products, and the options as the connector needs them.

use std::{collections::BTreeMap, fmt::Debug, time::Duration};

use daybook_events::{AUDIT_EVENTS, Feature, ITEM_USAGES, SIGN_IN_ATTEMPTS};
use reqwest::{Url, header::HeaderValue};

use super::encode::Envelope;
use crate::{
    Context, Setting, Settings, SettingsError,
    description::Form,
    http::{Compression, HttpSender},
};

pub(super) const INDEXED_UUID: Setting =
    Setting::new("indexed_uuid", Form::Switch, "Whether to add the field event_uuid, by which repeats are found fast.")
        .or("false");

/// What a product has of its own.
pub(crate) trait Product: Debug + Send + Sync {
    /// The path of a URL that has none; without one, the URL must have it.
    const PATH: Option<&'static str>;
    /// Whether it can tell when events are indexed.
    const HAS_ACKNOWLEDGEMENT: bool;
    /// Whether it says `"code":0` of what it has taken, and who does not say so is something else.
    const SAYS_CODE: bool;
    /// What it is told besides the event.
    const METADATA: Metadata;

    /// The word before the token.
    fn scheme(settings: &Settings) -> Scheme;
}

/// What a product is told besides the event, its time, its source and its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metadata {
    /// The add-on's source types, and an index.
    AddOn,
    /// A parser, and a repository.
    Parser,
    /// The add-on's source types.
    Plain,
}

/// The word before the token in the header `Authorization`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// `Splunk`.
    Splunk,
    /// `Bearer`.
    Bearer,
    /// The token alone.
    None,
}

/// Whether to wait until events are indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acknowledge {
    /// Where the answer has an `ackId`.
    WhereOffered,
    /// Always.
    Required,
    /// Never.
    Never,
}

/// Options of a connector.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) url: Url,
    pub(super) authorization: HeaderValue,
    pub(super) acknowledge: Acknowledge,
    pub(super) acknowledge_timeout: Duration,
    pub(super) compression: Compression,
    pub(super) names: Names,
}

/// How events are named at the receiver.
#[derive(Debug)]
pub(super) struct Names {
    host: String,
    source: String,
    source_types: SourceTypes,
    index: Option<String>,
    indexes: BTreeMap<Feature, String>,
    has_indexed_uuid: bool,
}

#[derive(Debug)]
enum SourceTypes {
    /// The same for all; none where it is empty.
    One(String),
    /// The add-on's for its three features, and this for others, with `{feature}` for theirs.
    AddOn(String),
}

impl Config {
    pub(super) fn of<P: Product>(
        settings: &Settings,
        context: &Context,
        http: &HttpSender,
    ) -> Result<Self, SettingsError> {
        let acknowledge = match P::HAS_ACKNOWLEDGEMENT.then(|| settings.text("acknowledge")) {
            Some("on") => Acknowledge::Required,
            Some("auto") => Acknowledge::WhereOffered,
            _ => Acknowledge::Never,
        };
        let timeout_secs =
            if P::HAS_ACKNOWLEDGEMENT { settings.number("acknowledge_timeout_secs") } else { u64::default() };
        Ok(Self {
            url: url::<P>(http.url(settings, "url")?)?,
            authorization: authorization(P::scheme(settings), settings.text("token"))?,
            acknowledge,
            acknowledge_timeout: Duration::from_secs(timeout_secs),
            compression: Compression::of(settings),
            names: Names::of::<P>(settings, context)?,
        })
    }
}

/// A URL with a path is taken as it is.
fn url<P: Product>(mut url: Url) -> Result<Url, SettingsError> {
    if url.path() == "/" {
        let path = P::PATH.ok_or_else(|| SettingsError::of("url", "must be the whole URL, with its path"))?;
        url.set_path(path);
    }
    Ok(url)
}

fn authorization(scheme: Scheme, token: &str) -> Result<HeaderValue, SettingsError> {
    let word = match scheme {
        Scheme::Splunk => "Splunk ",
        Scheme::Bearer => "Bearer ",
        Scheme::None => "",
    };
    let mut value = HeaderValue::from_str(&format!("{word}{token}"))
        .map_err(|_| SettingsError::of("token", "must be one line of visible ASCII characters"))?;
    value.set_sensitive(true);
    Ok(value)
}

impl Names {
    fn of<P: Product>(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let mut indexes = BTreeMap::new();
        let (source_types, index) = match P::METADATA {
            Metadata::AddOn => {
                indexes = indexes_of(settings.text("indexes")).map_err(|it| SettingsError::of("indexes", it))?;
                (SourceTypes::AddOn(settings.text("sourcetype").to_owned()), settings.optional("index"))
            }
            Metadata::Parser => (SourceTypes::One(settings.text("parser").to_owned()), settings.optional("repository")),
            Metadata::Plain => (SourceTypes::AddOn("{feature}".to_owned()), None),
        };
        Ok(Self {
            host: settings.optional("host").unwrap_or(&context.hub_host).to_owned(),
            source: settings.text("source").to_owned(),
            source_types,
            index: index.map(str::to_owned),
            indexes,
            has_indexed_uuid: P::METADATA != Metadata::Plain && settings.is_on("indexed_uuid"),
        })
    }

    /// What the events of a feature are wrapped in.
    pub(super) fn envelope(&self, feature: &Feature) -> Envelope {
        let source_type = match &self.source_types {
            SourceTypes::One(name) => name.clone(),
            SourceTypes::AddOn(others) => source_type_of_add_on(feature)
                .map_or_else(|| others.replace("{feature}", feature.as_str()), str::to_owned),
        };
        let index = self.indexes.get(feature).or(self.index.as_ref()).map(String::as_str).unwrap_or_default();
        let members =
            [("host", self.host.as_str()), ("source", &self.source), ("sourcetype", &source_type), ("index", index)];
        Envelope::new(&members, self.has_indexed_uuid)
    }
}

/// The source types whose fields and dashboards the add-on defines.
fn source_type_of_add_on(feature: &Feature) -> Option<&'static str> {
    Some(match feature {
        it if *it == SIGN_IN_ATTEMPTS => "1password:insights:signin_attempts",
        it if *it == ITEM_USAGES => "1password:insights:item_usages",
        it if *it == AUDIT_EVENTS => "1password:insights:audit_events",
        _ => return None,
    })
}

/// `feature=index, feature=index`.
fn indexes_of(text: &str) -> Result<BTreeMap<Feature, String>, String> {
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (feature, index) = pair.split_once('=').ok_or_else(|| format!("{pair:?} must be feature=index"))?;
            let index = index.trim();
            if index.is_empty() {
                return Err(format!("{pair:?} names no index"));
            }
            Ok((feature.trim().parse::<Feature>().map_err(|error| error.to_string())?, index.to_owned()))
        })
        .collect()
}
