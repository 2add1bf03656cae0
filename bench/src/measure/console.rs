//! The console's first page as its owner sees it: how long the hub takes for it, and what a browser has to load.

use std::time::Instant;

use anyhow::{Context, Result};
use bytes::Bytes;
use hyper::{Uri, header::HeaderValue};

use crate::{
    bench::{Bench, Filled, Store},
    client::{Call, Connection},
    figure::{Figure, Unit},
    hub::Hub,
    samples::Samples,
};

const PAGE_MILLIS_MAX: f64 = 100.0;
const PAGE_KIB_MAX: f64 = 150.0;
const PAGES: usize = 300;
/// What every page loads besides itself.
const ASSETS: [&str; 4] = ["console.css", "console.js", "favicon.svg", "icons.svg"];

/// Somebody who is signed in.
struct Visitor {
    connection: Connection,
    cookies: Vec<String>,
}

pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    let filled = bench.take_filled(Store::Sqlite).await?;
    let figures = look(&filled).await?;
    bench.put_filled(Store::Sqlite, filled);
    figures.into_iter().for_each(|figure| bench.push(figure));
    Ok(())
}

async fn look(filled: &Filled) -> Result<Vec<Figure>> {
    let mut visitor = Visitor::owner_of(&filled.hub).await?;
    let account = &filled.account.uuid;
    let mut figures = Vec::new();
    for (id, what, path) in [
        ("console.home", "console, home, p99", format!("/accounts/{account}")),
        ("console.integrations", "console, integrations, p99", format!("/accounts/{account}/integrations")),
        ("console.events", "console, events, p99", format!("/accounts/{account}/events")),
    ] {
        let mut samples = Samples::default();
        for _ in 0..PAGES {
            let asked = Instant::now();
            visitor.get(&path).await?;
            samples.push(asked.elapsed());
        }
        let figure = Figure::new(id, what, samples.percentile_ms(99.0), Unit::Millis).at_most(PAGE_MILLIS_MAX);
        figures.push(figure.note(format!("{} pages: {}", samples.len(), samples.summary())));
    }
    let page = visitor.get(&format!("/accounts/{account}")).await?.len();
    let mut assets = 0;
    for asset in ASSETS {
        assets += visitor.get(&format!("/assets/{asset}")).await?.len();
    }
    let kib = |bytes: usize| bytes as f64 / 1024.0;
    let figure =
        Figure::new("console.bytes", "console, first page, over the wire", kib(page + assets), Unit::Kibibytes);
    let note = format!("gzip; the page alone {:.1} KiB, the rest is kept by the browser", kib(page));
    figures.push(figure.at_most(PAGE_KIB_MAX).note(note));
    Ok(figures)
}

impl Visitor {
    /// The first owner of a hub, by the link in its data directory.
    async fn owner_of(hub: &Hub) -> Result<Self> {
        let link = std::fs::read_to_string(hub.data_dir().join("setup.link")).context("read the set-up link")?;
        let (_, code) = link.trim().split_once('#').context("the set-up link has a code")?;
        let mut visitor = Self { connection: hub.server.connect().await?, cookies: Vec::new() };
        let form = visitor.send("/setup", None, 200).await?;
        let csrf = between(&form, "name=\"csrf\" value=\"", "\"").context("the form has a token")?;
        let fields = format!(
            "csrf={csrf}&code={code}&name=Bench&email=bench%40example.org&password=a+long+walk+along+seven+quiet+canals"
        );
        visitor.send("/setup", Some(fields), 303).await?;
        Ok(visitor)
    }

    async fn get(&mut self, path: &str) -> Result<Bytes> {
        let answer = self.connection.send(self.call(path, None)?).await?;
        answer.expect(200)
    }

    /// Asks for a page, or sends a form, and keeps the cookies; the text of the answer.
    async fn send(&mut self, path: &str, form: Option<String>, status: u16) -> Result<String> {
        let mut call = self.call(path, form)?;
        call.accepts_gzip = false;
        let answer = self.connection.send(call).await?;
        self.cookies.extend(answer.cookies.iter().filter(|cookie| !cookie.ends_with('=')).cloned());
        Ok(String::from_utf8_lossy(&answer.expect(status)?).into_owned())
    }

    fn call(&self, path: &str, form: Option<String>) -> Result<Call> {
        let uri: Uri = path.parse().context("write a path")?;
        let mut call = Call::get(uri);
        if let Some(form) = form {
            call.method = hyper::Method::POST;
            call.body = Bytes::from(form);
        }
        call.accepts_gzip = true;
        call.cookies = Some(HeaderValue::from_str(&self.cookies.join("; ")).context("write cookies")?);
        Ok(call)
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}
