//! The Chronicle API: `logs:import` of the log type that a feature has.

use std::collections::BTreeMap;

use daybook_events::{AUDIT_EVENTS, Feature};
use reqwest::{Url, header::CONTENT_TYPE};

use super::{
    config::needed,
    encode::body_of,
    service_account::{ServiceAccount, tokens_of},
};
use crate::{
    Batch, Context, DeliveryError, Endpoint, Settings, SettingsError,
    http::{HttpSender, TokenSource, classify, somebody_else},
};

const ANSWER_BYTES_MAX: usize = 4 << 10;
/// Google's own scripts stop here, below the 4 MB that a request may have.
const BODY_BYTES_MAX: usize = 3_950_000;
const VERSION: &str = "v1beta";

/// An instance's API.
#[derive(Debug)]
pub(super) struct Api {
    http: HttpSender,
    base: Url,
    tokens: TokenSource<ServiceAccount>,
    /// `projects/…/locations/…/instances/…`.
    instance: String,
    log_types: BTreeMap<Feature, String>,
    namespace: Option<String>,
}

impl Api {
    pub(super) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let http = HttpSender::open(settings, context)?;
        let region = plain(settings, "region")?;
        let base = match settings.optional("url") {
            Some(url) => http.parse_url("url", url)?,
            None => http.parse_url("region", &format!("https://chronicle.{region}.rep.googleapis.com"))?,
        };
        let instance = format!(
            "projects/{}/locations/{region}/instances/{}",
            plain(settings, "project")?,
            plain(settings, "instance")?
        );
        let log_types = log_types_of(settings.text("log_types"));
        let log_types = log_types.map_err(|reason| SettingsError::of("log_types", reason))?;
        Ok(Self {
            base,
            tokens: tokens_of(needed(settings, "service_account_json")?, &http)?,
            instance,
            log_types,
            namespace: settings.optional("namespace").map(str::to_owned),
            http,
        })
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        self.http.endpoint(&self.base)
    }

    pub(super) async fn import(&self, batch: &Batch) -> Result<(), DeliveryError> {
        let parent = format!("{}/logTypes/{}", self.instance, self.log_type(&batch.feature)?);
        let body = body_of(batch, &parent, self.namespace.as_deref());
        let bytes = body.len();
        if bytes > BODY_BYTES_MAX {
            let reason =
                format!("the request would have {bytes} bytes, more than the {BODY_BYTES_MAX} that it may have");
            return Err(DeliveryError::TooLarge { reason });
        }
        let mut url = self.base.clone();
        url.set_path(&format!("/{VERSION}/{parent}/logs:import"));
        let request = self.http.post(url).header(CONTENT_TYPE, "application/json").body(body);
        let answer = Box::pin(self.tokens.send(&self.http, request, ANSWER_BYTES_MAX)).await?;
        classify(&answer).map_err(|error| match (answer.status.as_u16(), error) {
            (403, DeliveryError::Stop { reason, .. }) => {
                DeliveryError::stop(reason, "give the service account the role Chronicle API Editor in the project")
            }
            (404, DeliveryError::Stop { reason, .. }) => {
                DeliveryError::stop(reason, "check project, region, instance and the log type")
            }
            (_, other) => other,
        })?;
        // Google's success is an empty message, in JSON.
        serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&answer.body)
            .map(drop)
            .map_err(|_| somebody_else(&answer, "something else"))
    }

    fn log_type(&self, feature: &Feature) -> Result<&str, DeliveryError> {
        if let Some(log_type) = self.log_types.get(feature) {
            return Ok(log_type);
        }
        match feature {
            it if *it == AUDIT_EVENTS => Ok("ONEPASSWORD_AUDIT_EVENTS"),
            it if it.is_wire() => Ok("ONEPASSWORD"),
            other => Err(DeliveryError::stop(
                format!("there is no log type for {other}"),
                format!("add {other}=LOG_TYPE to log_types, or leave {other} out of features"),
            )),
        }
    }
}

/// A value that is a part of a path and of names.
fn plain<'a>(settings: &'a Settings, name: &str) -> Result<&'a str, SettingsError> {
    let value = needed(settings, name)?;
    // A project may belong to a domain, such as `acme.example:siem`.
    let is_plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':'));
    if is_plain && !value.contains("..") {
        return Ok(value);
    }
    Err(SettingsError::of(name, "must have letters, digits and dashes alone"))
}

/// `feature=LOG_TYPE, feature=LOG_TYPE`.
fn log_types_of(text: &str) -> Result<BTreeMap<Feature, String>, String> {
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let wrong = || format!("{pair:?} must be feature=LOG_TYPE");
            let (feature, log_type) = pair.split_once('=').ok_or_else(wrong)?;
            let log_type = log_type.trim();
            let is_plain = log_type.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if log_type.is_empty() || !is_plain {
                return Err(wrong());
            }
            Ok((feature.trim().parse::<Feature>().map_err(|error| error.to_string())?, log_type.to_owned()))
        })
        .collect()
}
