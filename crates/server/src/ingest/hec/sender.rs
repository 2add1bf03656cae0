//! Who sends to the event collector: the bearer of a source's token, what its query says of every event, and where its
//! events may go.

use std::borrow::Cow;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use data_encoding::BASE64;
use daybook_events::{Append, Feature, StreamKey};
use utoipa::IntoParams;

use super::{
    super::producer::Source,
    acks::ChannelId,
    answer::{Code, HecError},
};
use crate::{
    events_api::{client_of, header_text},
    state::App,
    tokens::TokenFault,
};

const CHANNEL: &str = "x-splunk-request-channel";
/// Bytes of a value of the query, which is stored with every event of the request.
const VALUE_BYTES_MAX: usize = 256;

/// Who sends.
pub(super) struct Sender {
    pub(super) source: Source,
    pub(super) channel: Option<ChannelId>,
    pub(super) query: SenderQuery,
}

/// What the query says: of the request, and of events that do not say it themselves.
#[derive(Debug, Clone, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SenderQuery {
    /// A GUID of the sender's, for acknowledgements.
    pub(super) channel: Option<String>,
    /// The feature, where the token may append to several.
    pub(super) index: Option<String>,
    /// The host of events that name none.
    pub(super) host: Option<String>,
    /// The source of events that name none.
    pub(super) source: Option<String>,
    /// The source type of events that name none.
    pub(super) sourcetype: Option<String>,
}

/// The streams that a sender may append to.
#[derive(Debug)]
pub(super) struct Targets {
    /// In the order of their names.
    streams: Vec<StreamKey<Append>>,
    /// Where events go that name none: the first of these.
    usual: Vec<usize>,
}

impl FromRequestParts<App> for Sender {
    type Rejection = HecError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, HecError> {
        let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> =
            form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).collect();
        let token = match token_of(&parts.headers)? {
            // A token in an address ends up in the logs of proxies.
            None if pairs.iter().any(|(name, _)| name == "token") => return Err(Code::TokenInQuery.into()),
            token => token,
        };
        let source = Source::admit(token.as_deref(), client_of(parts, app), app).await?;
        let query = SenderQuery::of(&pairs)?;
        let channel = header_text(&parts.headers, CHANNEL).or(query.channel.as_deref());
        let channel = channel.map(|text| ChannelId::parse(text).ok_or(Code::InvalidChannel)).transpose()?;
        Ok(Self { source, channel, query })
    }
}

impl SenderQuery {
    fn of(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Self, HecError> {
        let value = |name: &str| {
            let found = pairs.iter().find(|(key, value)| key == name && !value.is_empty());
            match found.map(|(_, value)| value) {
                Some(value) if value.len() > VALUE_BYTES_MAX => {
                    let detail = format!("{name} in the query: has more than {VALUE_BYTES_MAX} bytes");
                    Err(HecError::new(Code::InvalidFormat, detail))
                }
                value => Ok(value.map(|value| value.clone().into_owned())),
            }
        };
        Ok(Self {
            channel: value("channel")?,
            index: value("index")?,
            host: value("host")?,
            source: value("source")?,
            sourcetype: value("sourcetype")?,
        })
    }
}

/// The token in the `Authorization` header: after `Splunk` or `Bearer`, or as the password of `Basic`.
fn token_of(headers: &HeaderMap) -> Result<Option<String>, Code> {
    let Some(value) = headers.get(header::AUTHORIZATION).filter(|value| !value.is_empty()) else { return Ok(None) };
    let value = value.to_str().map_err(|_| Code::InvalidAuthorization)?;
    let (scheme, credentials) = value.trim().split_once(' ').ok_or(Code::InvalidAuthorization)?;
    let token = match scheme.to_ascii_lowercase().as_str() {
        "splunk" | "bearer" => Some(credentials.trim().to_owned()),
        "basic" => password_of(credentials.trim()),
        _ => None,
    };
    token.filter(|token| !token.is_empty()).ok_or(Code::InvalidAuthorization).map(Some)
}

fn password_of(credentials: &str) -> Option<String> {
    let text = String::from_utf8(BASE64.decode(credentials.as_bytes()).ok()?).ok()?;
    text.split_once(':').map(|(_, password)| password.to_owned())
}

impl Targets {
    /// Open-schema features come first: events of other services are what senders have.
    pub(super) fn of(source: &Source, app: &App) -> Result<Self, TokenFault> {
        let streams: Vec<_> =
            source.features().iter().map(|feature| source.stream(app, feature)).collect::<Result<_, _>>()?;
        Ok(Self::among(streams))
    }

    fn among(streams: Vec<StreamKey<Append>>) -> Self {
        let open: Vec<usize> = (0..streams.len()).filter(|at| !streams[*at].feature().is_wire()).collect();
        let usual = if open.is_empty() { (0..streams.len()).collect() } else { open };
        Self { streams, usual }
    }

    /// Which stream an event goes to that names this index.
    ///
    /// An index that is no feature of the token is wrong where there is a choice. Where there is none, it is only a name:
    /// senders are often configured with one.
    pub(super) fn select(&self, index: Option<&str>) -> Result<usize, HecError> {
        let named = index.and_then(|index| self.streams.iter().position(|stream| stream.feature().as_str() == index));
        let chosen = match (named, index, self.usual.as_slice()) {
            (Some(named), ..) => Some(named),
            (None, _, [only]) => Some(*only),
            (None, None, usual) => usual.first().copied(),
            (None, Some(_), _) => None,
        };
        chosen.ok_or_else(|| {
            let names: Vec<&str> = self.streams.iter().map(|stream| stream.feature().as_str()).collect();
            HecError::new(Code::IncorrectIndex, format!("index: must be a feature of the token: {}", names.join(", ")))
        })
    }

    #[cfg(test)]
    pub(super) fn for_test(features: &[&str]) -> Self {
        let features: std::collections::BTreeSet<Feature> = features.iter().map(|name| name.parse().unwrap()).collect();
        let grant = daybook_events::Grant::producer(daybook_events::AccountId::random(), features.clone());
        Self::among(features.iter().map(|feature| grant.to_append(feature).unwrap()).collect())
    }

    pub(super) fn feature(&self, target: usize) -> &Feature {
        self.streams[target].feature()
    }

    pub(super) fn stream(&self, target: usize) -> StreamKey<Append> {
        self.streams[target].clone()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn select(features: &[&str], index: Option<&str>) -> Result<String, Code> {
        let targets = Targets::for_test(features);
        targets.select(index).map(|target| targets.feature(target).to_string()).map_err(|error| error.code())
    }

    #[test]
    fn the_only_open_feature_takes_every_index() {
        let features = ["auditevents", "okta.system"];
        for index in [None, Some("main"), Some("okta.system")] {
            assert_eq!(select(&features, index).as_deref(), Ok("okta.system"), "{index:?}");
        }
        assert_eq!(select(&features, Some("auditevents")).as_deref(), Ok("auditevents"), "if it is named");
    }

    #[test]
    fn among_several_the_index_chooses() {
        let features = ["okta.system", "git-hub.audit", "auditevents"];
        assert_eq!(select(&features, None).as_deref(), Ok("git-hub.audit"));
        assert_eq!(select(&features, Some("okta.system")).as_deref(), Ok("okta.system"));
        assert_eq!(select(&features, Some("main")), Err(Code::IncorrectIndex));
    }

    #[test]
    fn features_of_the_wire_serve_where_there_are_no_others() {
        assert_eq!(select(&["itemusages"], Some("main")).as_deref(), Ok("itemusages"));
        assert_eq!(select(&["itemusages", "auditevents"], None).as_deref(), Ok("auditevents"));
        assert_eq!(select(&["itemusages", "auditevents"], Some("main")), Err(Code::IncorrectIndex));
        assert_eq!(select(&[], None), Err(Code::IncorrectIndex));
    }

    #[test]
    fn tokens_come_in_three_ways() {
        let token = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            token_of(&headers)
        };
        for value in ["Splunk abc", "splunk  abc ", "Bearer abc", "Basic eDphYmM=", "Basic OmFiYw=="] {
            assert_eq!(token(value), Ok(Some("abc".to_owned())), "{value}");
        }
        for value in ["abc", "Splunk", "Splunk ", "Digest abc", "Basic abc", "Basic YWJj", "Basic eDo="] {
            assert_eq!(token(value), Err(Code::InvalidAuthorization), "{value}");
        }
        assert_eq!(token(""), Ok(None));
        assert_eq!(token_of(&HeaderMap::new()), Ok(None));
    }
}
