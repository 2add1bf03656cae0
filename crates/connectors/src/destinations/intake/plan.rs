//! What differs between the vendors, as data.

use std::fmt;

use reqwest::{
    Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};

use super::{
    authentication::Authentication,
    encode::{Body, fill},
};
use crate::{
    Batch, Context, Settings, SettingsError,
    http::{Compression, HttpSender},
};

/// A vendor.
#[derive(Debug)]
pub(in crate::destinations) struct Vendor {
    /// Bytes of a body before it is packed, at the most.
    pub(in crate::destinations) body_bytes_max: usize,
    /// What to do about statuses that stop everything, where the vendor's documentation knows more than the status says.
    pub(in crate::destinations) fixes: &'static [(u16, &'static str)],
    /// What its success looks like.
    pub(in crate::destinations) success: Success,
    /// What requests to it are made of; an error where the settings contradict each other.
    pub(in crate::destinations) plan: fn(&Settings, &Context, &HttpSender) -> Result<Plan, SettingsError>,
}

/// What a receiver's success looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::destinations) enum Success {
    /// A status of 2xx, whatever comes with it.
    Any,
    /// A status of 2xx, and no page for people.
    NoPage,
}

/// What requests are made of.
pub(in crate::destinations) struct Plan {
    pub(in crate::destinations) url: Url,
    pub(in crate::destinations) body: Body,
    /// What to say of the body; empty for what is usually said.
    pub(in crate::destinations) content_type: String,
    pub(in crate::destinations) compression: Compression,
    pub(in crate::destinations) headers: Headers,
    pub(in crate::destinations) authentication: Authentication,
}

/// Without the URL, which is a credential of some vendors.
impl fmt::Debug for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        formatter.debug_struct("Plan").field("host", &host).field("body", &self.body).finish_non_exhaustive()
    }
}

impl Plan {
    /// Bare events to a URL, with nothing more.
    pub(in crate::destinations) fn new(url: Url, body: Body) -> Self {
        Self {
            url,
            body,
            content_type: String::new(),
            compression: Compression::None,
            headers: Headers::default(),
            authentication: Authentication::None,
        }
    }

    /// With a key in a header.
    pub(in crate::destinations) fn with_key(
        mut self,
        name: &'static str,
        settings: &Settings,
        setting: &str,
    ) -> Result<Self, SettingsError> {
        self.authentication = Authentication::key(HeaderName::from_static(name), settings.text(setting), setting)?;
        Ok(self)
    }
}

/// Headers whose values may have `{feature}` and `{account}` in them; a later one replaces an earlier one of its name.
#[derive(Debug, Default)]
pub(in crate::destinations) struct Headers(Vec<Header>);

#[derive(Debug)]
struct Header {
    name: HeaderName,
    template: String,
    is_for_wire: bool,
}

impl Headers {
    /// One more, for all events, of the value of a setting, unless that is empty.
    pub(in crate::destinations) fn add(
        &mut self,
        name: &str,
        template: &str,
        setting: &str,
    ) -> Result<(), SettingsError> {
        self.push(name, template, false).map_err(|reason| SettingsError::of(setting, reason))
    }

    /// One more, for the features of the Events API alone.
    pub(in crate::destinations) fn add_for_wire(
        &mut self,
        name: &str,
        template: &str,
        setting: &str,
    ) -> Result<(), SettingsError> {
        self.push(name, template, true).map_err(|reason| SettingsError::of(setting, reason))
    }

    fn push(&mut self, name: &str, template: &str, is_for_wire: bool) -> Result<(), String> {
        if template.is_empty() {
            return Ok(());
        }
        let name: HeaderName = name.parse().map_err(|_| format!("{name:?} is no name of a header"))?;
        // What is filled in is plain ASCII, so it fits if the template does.
        let is_visible = template.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !is_visible {
            return Err("must be one line of visible ASCII characters".to_owned());
        }
        self.0.push(Header { name, template: template.to_owned(), is_for_wire });
        Ok(())
    }

    /// The headers of a batch.
    pub(super) fn of(&self, batch: &Batch) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for header in self.0.iter().filter(|header| !header.is_for_wire || batch.feature.is_wire()) {
            let value = HeaderValue::try_from(fill(&header.template, batch)).expect("checked when it was added");
            headers.insert(&header.name, value);
        }
        headers
    }
}
