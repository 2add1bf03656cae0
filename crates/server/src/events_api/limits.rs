//! Requests an account may make: two windows, over all its tokens, told in every answer.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use daybook_events::{AccountId, TokenId};
use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};

use crate::{config::EventsApi, error::ApiError};

type Limiter = RateLimiter<AccountId, DashMapStateStore<AccountId>, DefaultClock, StateInformationMiddleware>;

/// The limits of all accounts on this node.
#[derive(Clone)]
pub(crate) struct RateLimits {
    windows: Arc<[Window]>,
    /// Of tokens that have a limit of their own: what it is, and what is left.
    of_tokens: Arc<Mutex<HashMap<TokenId, (u32, DefaultDirectRateLimiter)>>>,
    clock: DefaultClock,
}

/// Tokens with a limit of their own that are kept; beyond that all begin anew.
const TOKENS_MAX: usize = 10_000;

struct Window {
    limiter: Limiter,
    requests: u32,
    length: Duration,
}

/// What is left after a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    limit: u32,
    remaining: u32,
    reset_secs: u64,
}

impl std::fmt::Debug for RateLimits {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.windows.iter().map(|window| (window.requests, window.length))).finish()
    }
}

impl RateLimits {
    /// The limits of the configuration; 0 is none.
    #[must_use]
    pub(crate) fn of(config: &EventsApi) -> Self {
        let window = |requests: u32, length: Duration| {
            let burst = NonZeroU32::new(requests)?;
            let quota = Quota::with_period(length / requests)?.allow_burst(burst);
            let limiter = RateLimiter::dashmap(quota).with_middleware();
            Some(Window { limiter, requests, length })
        };
        let windows = [
            window(config.requests_per_minute, Duration::from_secs(60)),
            window(config.requests_per_hour, Duration::from_secs(3600)),
        ];
        let windows = windows.into_iter().flatten().collect();
        Self { windows, of_tokens: Arc::default(), clock: DefaultClock::default() }
    }

    /// Counts a request of a token that has a limit of its own.
    ///
    /// # Errors
    ///
    /// 429 with `Retry-After` and what the limit is.
    pub(crate) fn count_token(&self, token: &TokenId, per_minute: Option<u32>) -> Result<(), Box<Response>> {
        let Some(requests) = per_minute.and_then(NonZeroU32::new) else { return Ok(()) };
        let mut limiters = self.of_tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if limiters.len() >= TOKENS_MAX && !limiters.contains_key(token) {
            limiters.clear();
        }
        let new = || (requests.get(), RateLimiter::direct(Quota::per_minute(requests)));
        let entry = limiters.entry(token.clone()).or_insert_with(new);
        if entry.0 != requests.get() {
            *entry = new();
        }
        entry.1.check().map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            let secs = (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1);
            let message = format!("more than {requests} requests in 60 seconds for this token; try again in {secs} s");
            let refused = ApiError::new(StatusCode::TOO_MANY_REQUESTS, message).retry_after(secs);
            let mut response = refused.into_response();
            Allowance { limit: requests.get(), remaining: 0, reset_secs: secs }.write(response.headers_mut());
            Box::new(response)
        })
    }

    /// Counts a request of an account; what is left is that of the tighter window.
    ///
    /// # Errors
    ///
    /// 429 with `Retry-After` and what the limit is.
    pub(crate) fn count(&self, account: &AccountId) -> Result<Option<Allowance>, Box<Response>> {
        let mut tightest: Option<Allowance> = None;
        for window in self.windows.iter() {
            match window.limiter.check_key(account) {
                Ok(state) => {
                    let remaining = state.remaining_burst_capacity();
                    let allowance = window.allowance(remaining);
                    if tightest.is_none_or(|tightest| remaining < tightest.remaining) {
                        tightest = Some(allowance);
                    }
                }
                Err(not_until) => {
                    let wait = not_until.wait_time_from(self.clock.now());
                    return Err(Box::new(window.refuse(wait)));
                }
            }
        }
        Ok(tightest)
    }
}

impl Window {
    fn allowance(&self, remaining: u32) -> Allowance {
        let used = self.requests.saturating_sub(remaining);
        let reset = self.length.as_secs_f64() * f64::from(used) / f64::from(self.requests);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most an hour, in seconds")]
        Allowance { limit: self.requests, remaining, reset_secs: reset.ceil() as u64 }
    }

    fn refuse(&self, wait: Duration) -> Response {
        let secs = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let message = format!(
            "more than {} requests in {} seconds for this account; try again in {secs} s",
            self.requests,
            self.length.as_secs()
        );
        let mut response = ApiError::new(StatusCode::TOO_MANY_REQUESTS, message).retry_after(secs).into_response();
        Allowance { reset_secs: secs.max(1), ..self.allowance(0) }.write(response.headers_mut());
        response
    }
}

impl Allowance {
    /// The headers that tell of it.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        headers.insert("RateLimit-Limit", HeaderValue::from(self.limit));
        headers.insert("RateLimit-Remaining", HeaderValue::from(self.remaining));
        headers.insert("RateLimit-Reset", HeaderValue::from(self.reset_secs));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(requests_per_minute: u32, requests_per_hour: u32) -> RateLimits {
        let config = crate::config::Config::load(&crate::config::Overrides::default()).unwrap();
        RateLimits::of(&EventsApi { requests_per_minute, requests_per_hour, ..config.events_api })
    }

    #[test]
    fn the_limit_is_each_account_s_own() {
        let limits = limits(2, 100);
        let (first, second) = (AccountId::random(), AccountId::random());
        assert_eq!(limits.count(&first).unwrap().unwrap().remaining, 1);
        assert_eq!(limits.count(&first).unwrap().unwrap().remaining, 0);
        let refused = limits.count(&first).unwrap_err();
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.headers()["RateLimit-Limit"], "2");
        assert_eq!(refused.headers()["RateLimit-Remaining"], "0");
        assert!(refused.headers()["Retry-After"].to_str().unwrap().parse::<u64>().unwrap() <= 31);
        assert!(limits.count(&second).is_ok());
    }

    #[test]
    fn a_token_s_own_limit_holds_and_follows_its_change() {
        let (limits, token) = (limits(0, 0), TokenId::random());
        assert!(limits.count_token(&token, Some(1)).is_ok());
        assert_eq!(limits.count_token(&token, Some(1)).unwrap_err().headers()["RateLimit-Limit"], "1");
        assert!(limits.count_token(&token, Some(2)).is_ok());
        assert!(limits.count_token(&token, None).is_ok());
        assert!(limits.count_token(&TokenId::random(), Some(1)).is_ok());
    }

    #[test]
    fn the_hour_s_limit_holds_too_and_zero_is_none() {
        assert!(limits(0, 0).count(&AccountId::random()).unwrap().is_none());
        let hourly = limits(100, 1);
        let account = AccountId::random();
        assert_eq!(hourly.count(&account).unwrap().unwrap().limit, 1);
        assert!(hourly.count(&account).is_err());
    }
}
