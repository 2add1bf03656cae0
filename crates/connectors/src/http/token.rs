//! Access tokens of OAuth 2.0 (RFC 6749, section 4.4, and RFC 7523): asked for when one is needed, held until shortly before
//! they expire, asked for anew when a receiver refuses one that was held.
//!
//! ```text
//!  send(request) ─▶ a token that is held? ─ no ─▶ POST the grant's form to the authority
//!        │                  │ yes
//!        ▼                  ▼
//!     answer ◀── request with `Authorization: Bearer …`
//!        └─ 401, and the token was held ─▶ once more, with a new one
//! ```

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use daybook_events::Timestamp;
use reqwest::{
    RequestBuilder, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde::Deserialize;

use super::{HttpAnswer, HttpSender, classify};
use crate::DeliveryError;

const ANSWER_BYTES_MAX: usize = 64 << 10;
/// So long before it expires, a token is used no more.
const EXPIRY_MARGIN: Duration = Duration::from_secs(300);

/// What an authority gives a token for.
pub(crate) trait Grant: Send + Sync {
    /// What to do when the authority refuses.
    const FIX: &'static str;

    /// The fields of the request.
    ///
    /// # Errors
    ///
    /// They cannot be signed.
    fn fields(&self, now: Timestamp) -> Result<Vec<(&'static str, String)>, DeliveryError>;
}

/// Gives tokens of one grant.
pub(crate) struct TokenSource<G> {
    authority: Url,
    grant: G,
    held: Mutex<Option<Token>>,
}

#[derive(Clone)]
struct Token {
    authorization: HeaderValue,
    until: Timestamp,
}

/// Neither the grant nor the token.
impl<G> fmt::Debug for TokenSource<G> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenSource").field("authority", &self.authority.as_str()).finish_non_exhaustive()
    }
}

impl<G: Grant> TokenSource<G> {
    /// Tokens of a grant by an authority.
    pub(crate) fn new(authority: Url, grant: G) -> Self {
        Self { authority, grant, held: Mutex::new(None) }
    }

    /// Sends a request with a token and reads the answer as [`HttpSender::send`] does.
    ///
    /// # Errors
    ///
    /// No token was given, or no answer came.
    pub(crate) async fn send(
        &self,
        http: &HttpSender,
        request: RequestBuilder,
        body_bytes_max: usize,
    ) -> Result<HttpAnswer, DeliveryError> {
        let held = self.held(http.context.clock.now());
        let again = held.as_ref().and_then(|_| request.try_clone());
        let token = match held {
            Some(token) => token,
            None => self.ask(http).await?,
        };
        let answer = http.send(request.header(AUTHORIZATION, token.authorization), body_bytes_max).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        self.hold(None);
        let Some(request) = again else { return Ok(answer) };
        let token = self.ask(http).await?;
        http.send(request.header(AUTHORIZATION, token.authorization), body_bytes_max).await
    }

    fn held(&self, now: Timestamp) -> Option<Token> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone().filter(|token| now < token.until)
    }

    fn hold(&self, token: Option<Token>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }

    async fn ask(&self, http: &HttpSender) -> Result<Token, DeliveryError> {
        let fields = self.grant.fields(http.context.clock.now())?;
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = http.post(self.authority.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = http.send(request.body(form), ANSWER_BYTES_MAX).await.map_err(of_authority)?;
        match classify(&answer) {
            Ok(()) => {
                let token = read(&answer)?;
                self.hold(Some(token.clone()));
                Ok(token)
            }
            Err(error) => {
                let reason = format!("no token: the authority answered {}: {}", answer.status.as_u16(), answer.text());
                Err(match error {
                    DeliveryError::Retry { after, .. } => DeliveryError::Retry { reason, after },
                    _ => DeliveryError::stop(reason, G::FIX),
                })
            }
        }
    }
}

fn of_authority(error: DeliveryError) -> DeliveryError {
    match error {
        DeliveryError::Retry { reason, after } => DeliveryError::Retry { reason: format!("no token: {reason}"), after },
        other => other,
    }
}

fn read(answer: &HttpAnswer) -> Result<Token, DeliveryError> {
    #[derive(Deserialize)]
    struct Given {
        access_token: String,
        #[serde(default)]
        expires_in: u64,
    }
    let unreadable = || DeliveryError::retry("no token: the authority's answer cannot be read");
    let given: Given = serde_json::from_slice(&answer.body).map_err(|_| unreadable())?;
    let mut authorization =
        HeaderValue::from_str(&format!("Bearer {}", given.access_token)).map_err(|_| unreadable())?;
    authorization.set_sensitive(true);
    let usable = Duration::from_secs(given.expires_in).saturating_sub(EXPIRY_MARGIN);
    Ok(Token { authorization, until: answer.now.plus(usable) })
}
