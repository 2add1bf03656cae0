//! Handlers for what no real receiver can show on demand: acknowledgements that never come, items that fail one by one.

mod bulk;
mod hec;

pub use bulk::{Bulk, BulkBehaviour, bulk};
pub use hec::{Acks, Hec, HecBehaviour, hec};

use super::{Received, Reply};

/// Answers every request with this status.
///
/// # Panics
///
/// It is not a status of success.
pub fn any_2xx(code: u16) -> impl Fn(&Received) -> Reply + Send + Sync + 'static {
    assert!((200..300).contains(&code), "{code} is not a status of success");
    move |_| Reply::status(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Receiver, TestHttp};

    #[tokio::test]
    async fn any_success_is_answered_as_ordered() {
        let receiver = Receiver::start().await;
        receiver.answer_with(any_2xx(204));
        TestHttp::new(None).get(&receiver.url(), None).await.expect_status(204);
    }

    #[test]
    #[should_panic(expected = "404 is not a status of success")]
    fn a_failure_is_not_taken_for_a_success() {
        let _ = any_2xx(404);
    }
}
