//! Reads every audit event since 2020, waits for more, and goes on after a restart where it was.
//! Wants `EVENTS_TOKEN`, and `EVENTS_URL` and `EVENTS_CA_FILE` where the token's own server is not the one to ask.

use std::{env, fs, time::Duration};

use daybook_client::{AUDIT_EVENTS, AuditEvent, Client, Start};
use futures_util::TryStreamExt;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut builder = Client::builder(&env::var("EVENTS_TOKEN")?);
    if let Ok(url) = env::var("EVENTS_URL") {
        builder = builder.base_url(url);
    }
    if let Ok(path) = env::var("EVENTS_CA_FILE") {
        builder = builder.add_root_certificate_pem(fs::read(path)?);
    }
    let saved = fs::read_to_string("auditevents.cursor").map(Start::Cursor);
    let start = saved.unwrap_or(Start::since("2020-01-01T00:00:00Z".parse()?));
    let mut pages = builder.build()?.follow(AUDIT_EVENTS, start, Duration::from_secs(10));
    while let Some(page) = pages.try_next().await? {
        for event in page.events::<AuditEvent>()? {
            println!("{} {} {} {}", event.uuid, event.timestamp, event.action, event.object_type);
        }
        fs::write("auditevents.cursor", page.cursor)?; // only now: a page not printed is asked for again
    }
    Ok(())
}
