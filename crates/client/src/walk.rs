//! Reading page after page: to the newest event, or for ever.
//!
//! Every page that brings news, an event or a new cursor, is given to the caller with its cursor. A page that says
//! `has_more` is followed even when it is empty; a page that does not is the tail, where the same cursor comes again
//! until something happens. Cursors that come round in a circle while there is said to be more end the walk with an error.

use std::time::Duration;

use daybook_events::Feature;
use futures_util::{Stream, StreamExt, stream};

use crate::{Client, ClientError, Page, Start, error::shorten};

impl Client {
    /// The pages of a feature up to the newest event. After an error the stream ends: start again at the cursor of the
    /// last page stored.
    ///
    /// The items are those of [`page`](Self::page), and [`ClientError::NoProgress`].
    pub fn events(
        &self,
        feature: Feature,
        start: Start,
    ) -> impl Stream<Item = Result<Page, ClientError>> + Send + Unpin + use<> {
        Walk::new(self.clone(), feature, start, None).into_stream()
    }

    /// The pages of a feature, and when there are no more, those to come: at the tail the server is asked once a
    /// `poll_interval` (the official connectors take 10 seconds). A start with an end makes the stream end there, as
    /// [`events`](Self::events) does.
    ///
    /// The items are those of [`page`](Self::page), and [`ClientError::NoProgress`].
    pub fn follow(
        &self,
        feature: Feature,
        start: Start,
        poll_interval: Duration,
    ) -> impl Stream<Item = Result<Page, ClientError>> + Send + Unpin + use<> {
        let poll_interval = (!start.has_end()).then_some(poll_interval);
        Walk::new(self.clone(), feature, start, poll_interval).into_stream()
    }
}

struct Walk {
    client: Client,
    feature: Feature,
    next: Start,
    is_at_tail: bool,
    /// `None`: the walk ends at the tail.
    poll_interval: Option<Duration>,
    guard: ProgressGuard,
}

impl Walk {
    fn new(client: Client, feature: Feature, start: Start, poll_interval: Option<Duration>) -> Self {
        Self { client, feature, next: start, is_at_tail: false, poll_interval, guard: ProgressGuard::default() }
    }

    fn into_stream(self) -> impl Stream<Item = Result<Page, ClientError>> + Send + Unpin {
        let step = |mut walk: Self| async move { Ok(walk.next_page().await?.map(|page| (page, walk))) };
        stream::try_unfold(self, step).boxed()
    }

    /// The next page with news; `None` at the end.
    async fn next_page(&mut self) -> Result<Option<Page>, ClientError> {
        loop {
            if self.is_at_tail {
                let Some(poll_interval) = self.poll_interval else { return Ok(None) };
                tokio::time::sleep(poll_interval).await;
            }
            let page = self.client.page(&self.feature, &self.next).await?;
            if self.guard.is_circle(&page.cursor, page.has_more) {
                let cursor = shorten(&page.cursor);
                return Err(ClientError::NoProgress { feature: self.feature.clone(), cursor });
            }
            let is_news = !page.items.is_empty() || self.next.cursor() != Some(&page.cursor);
            self.is_at_tail = !page.has_more;
            self.next = Start::Cursor(page.cursor.clone());
            if is_news {
                return Ok(Some(page));
            }
        }
    }
}

/// Notices cursors that come round while the server says that there is more: the same twice in a row at once, a longer
/// circle by Brent's method: one cursor is kept, and replaced after 1, 2, 4, 8… pages, so that memory has a bound.
#[derive(Debug, Default)]
pub struct ProgressGuard {
    previous: Option<String>,
    kept: Option<String>,
    pages_since_kept: u64,
    pages_to_keep: u64,
}

impl ProgressGuard {
    /// Whether a page's cursor has come before while there was said to be more. At the tail it begins anew.
    pub fn is_circle(&mut self, cursor: &str, has_more: bool) -> bool {
        if !has_more {
            *self = Self::default();
            return false;
        }
        if [&self.previous, &self.kept].into_iter().flatten().any(|seen| seen == cursor) {
            return true;
        }
        self.previous = Some(cursor.to_owned());
        self.pages_since_kept += 1;
        if self.pages_since_kept > self.pages_to_keep {
            self.kept.clone_from(&self.previous);
            self.pages_since_kept = 0;
            self.pages_to_keep = (2 * self.pages_to_keep).max(1);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many pages the guard speaks up, if it does.
    fn pages_until_circle(cursors: impl IntoIterator<Item = u64>) -> Option<usize> {
        let mut guard = ProgressGuard::default();
        cursors.into_iter().position(|cursor| guard.is_circle(&cursor.to_string(), true))
    }

    #[test]
    fn the_same_cursor_twice_in_a_row_is_noticed_at_once() {
        assert_eq!(pages_until_circle([1, 1]), Some(1));
        assert_eq!(pages_until_circle((0..1000).chain([999])), Some(1000));
    }

    #[test]
    fn a_longer_circle_is_noticed_within_three_times_its_way() {
        for (lead, length) in [(0, 2), (0, 3), (5, 7), (100, 10), (3, 100)] {
            let cursors = (0..lead).chain((0..length).cycle().map(|at| lead + at));
            let pages = pages_until_circle(cursors.take(10_000)).unwrap() as u64;
            assert!(pages <= 3 * (lead + length) + 3, "{lead} {length}: {pages}");
        }
    }

    #[test]
    fn progress_is_never_taken_for_a_circle() {
        assert_eq!(pages_until_circle(0..100_000), None);
    }

    #[test]
    fn the_tail_starts_afresh() {
        let mut guard = ProgressGuard::default();
        for has_more in [true, false, false, true, false] {
            assert!(!guard.is_circle("c", has_more));
        }
    }
}
