//! What the console's pages load: the style sheet, the drawings and the modules, embedded in the binary.
//!
//! ```text
//!  /assets/console.css?v=<tag>   of this build: kept for a year, never asked for again
//!  /assets/console.css           what modules import from one another: asked for each time, mostly answered 304
//! ```
//!
//! The tag is part of the content's SHA-256, so a new build has new addresses and nobody sees an old file. Which pages
//! load what is for the templates; they write [`href`].

use std::sync::LazyLock;

use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::digest::{SHA256, digest};
use serde::Deserialize;

use super::error::PageError;
use crate::{error::ApiError, state::App};

/// 96 bits tell the versions of one file apart.
const TAG_BYTES: usize = 12;

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// What a browser keeps for good, as it is asked for by tag.
const KEEP: &str = "public, max-age=31536000, immutable";
const ASK_EACH_TIME: &str = "no-cache";

/// The published module of the Save in 1Password button, as the build script found it.
const SAVE_BUTTON: &str = include_str!(concat!(env!("OUT_DIR"), "/save-button.js"));

/// Name, content type and content.
type File = (&'static str, &'static str, &'static [u8]);

const FILES: &[File] = &[
    ("console.css", CSS, include_bytes!("../../assets/console.css")),
    ("logo.svg", SVG, include_bytes!("../../assets/logo.svg")),
    ("favicon.svg", SVG, include_bytes!("../../assets/favicon.svg")),
    ("icons.svg", SVG, include_bytes!("../../assets/icons.svg")),
    ("console.js", JAVASCRIPT, include_bytes!("../../assets/js/console.js")),
    ("live-check.js", JAVASCRIPT, include_bytes!("../../assets/js/live-check.js")),
    ("passkeys.js", JAVASCRIPT, include_bytes!("../../assets/js/passkeys.js")),
    ("save-token.js", JAVASCRIPT, include_bytes!("../../assets/js/save-token.js")),
    ("setup-code.js", JAVASCRIPT, include_bytes!("../../assets/js/setup-code.js")),
    ("save-button.js", JAVASCRIPT, SAVE_BUTTON.as_bytes()),
];

// Derived from constants alone, so each is computed once for the process.
static TAGS: LazyLock<Vec<String>> = LazyLock::new(|| FILES.iter().map(|(_, _, content)| tag_of(content)).collect());
static SAVE_BUTTON_STYLE: LazyLock<String> = LazyLock::new(|| style_source(SAVE_BUTTON));

/// The query of an asset's address.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Version {
    v: Option<String>,
}

/// The address of an asset for a page: `/assets/console.css?v=<tag>`.
pub(crate) fn href(name: &str) -> String {
    let index = FILES.iter().position(|(file, ..)| *file == name);
    debug_assert!(index.is_some(), "there is no asset {name}");
    index.map_or_else(|| format!("/assets/{name}"), |index| format!("/assets/{name}?v={}", TAGS[index]))
}

/// What `style-src` of a page with the Save in 1Password button allows besides `'self'`: `'sha256-…'` of the one style
/// that the package writes into the button's shadow root, taken from the very module that is embedded.
pub(crate) fn save_button_style() -> &'static str {
    &SAVE_BUTTON_STYLE
}

/// `GET /assets/{name}`: one asset, or 304 to a browser that has it.
pub(crate) async fn show_asset(
    Path(name): Path<String>,
    Query(version): Query<Version>,
    headers: HeaderMap,
) -> Response {
    let Some(index) = FILES.iter().position(|(file, ..)| *file == name) else {
        return ApiError::new(StatusCode::NOT_FOUND, format!("there is no asset {name}")).into_response();
    };
    let (_, content_type, content) = FILES[index];
    let tag = &TAGS[index];
    let cache_control = if version.v.as_ref() == Some(tag) { KEEP } else { ASK_EACH_TIME };
    let caching: [(HeaderName, String); 2] =
        [(header::ETAG, format!("\"{tag}\"")), (header::CACHE_CONTROL, cache_control.to_owned())];
    if has(&headers, tag) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(header::CONTENT_TYPE, content_type)], content).into_response()
}

/// `GET /ca.pem`: the hub's own certificate authority, for those who are to trust it. It is no secret.
pub(crate) async fn show_ca(State(app): State<App>) -> Result<Response, PageError> {
    let file = app.ca_file.as_ref().ok_or_else(PageError::not_found)?;
    let pem = tokio::fs::read(file).await.map_err(|_| PageError::not_found())?;
    let disposition = "attachment; filename=\"daybook-ca.pem\"";
    let kind = "application/x-pem-file";
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], pem).into_response())
}

/// Whether `If-None-Match` names this content; the comparison is the weak one, as RFC 9110, 13.1.2 wants it.
fn has(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|candidate| candidate == "*" || candidate.trim_start_matches("W/").trim_matches('"') == tag)
}

fn tag_of(content: &[u8]) -> String {
    BASE64URL_NOPAD.encode(&digest(&SHA256, content).as_ref()[..TAG_BYTES])
}

/// The hash source of the only `<style>` in a module. Nothing where there is none: the button then has no style, which
/// the tests find.
fn style_source(module: &str) -> String {
    let style = module.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).map(|(style, _)| style);
    style.map_or_else(String::new, |style| {
        format!("'sha256-{}'", BASE64.encode(digest(&SHA256, style.as_bytes()).as_ref()))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use axum::body::to_bytes;

    use super::*;

    async fn get(name: &str, version: Option<&str>, if_none_match: Option<&str>) -> (u16, HeaderMap, Vec<u8>) {
        let mut headers = HeaderMap::new();
        if let Some(tag) = if_none_match {
            headers.insert(header::IF_NONE_MATCH, tag.parse().unwrap());
        }
        let version = Query(Version { v: version.map(str::to_owned) });
        let (parts, body) = show_asset(Path(name.to_owned()), version, headers).await.into_parts();
        (parts.status.as_u16(), parts.headers, to_bytes(body, usize::MAX).await.unwrap().to_vec())
    }

    fn tag(name: &str) -> String {
        href(name).split_once("?v=").unwrap().1.to_owned()
    }

    #[tokio::test]
    async fn an_asset_asked_for_by_tag_is_kept_and_otherwise_asked_for_again() {
        let (status, headers, content) = get("console.js", Some(&tag("console.js")), None).await;
        assert_eq!((status, headers[header::CONTENT_TYPE].to_str().unwrap()), (200, JAVASCRIPT));
        assert_eq!(headers[header::CACHE_CONTROL], KEEP);
        assert_eq!(headers[header::ETAG].to_str().unwrap(), format!("\"{}\"", tag("console.js")));
        assert_eq!(content, include_bytes!("../../assets/js/console.js"));
        for version in [None, Some("of-another-build")] {
            assert_eq!(get("console.js", version, None).await.1[header::CACHE_CONTROL], ASK_EACH_TIME);
        }
    }

    #[tokio::test]
    async fn a_browser_that_has_the_asset_is_told_so() {
        let tag = tag("icons.svg");
        for known in [format!("\"{tag}\""), format!("W/\"{tag}\""), format!("\"other\", \"{tag}\""), "*".to_owned()] {
            let (status, headers, content) = get("icons.svg", None, Some(&known)).await;
            assert_eq!((status, content.len()), (304, 0), "{known}");
            assert!(headers.contains_key(header::ETAG) && headers.contains_key(header::CACHE_CONTROL));
        }
        assert_eq!(get("icons.svg", None, Some("\"other\"")).await.0, 200);
    }

    #[tokio::test]
    async fn an_unknown_asset_is_not_found() {
        for name in ["missing.js", "../Cargo.toml", ""] {
            assert_eq!(get(name, None, None).await.0, 404, "{name}");
        }
    }

    #[test]
    fn every_file_of_the_folder_is_served() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
        let entries = [&folder, &folder.join("js")].map(|folder| fs::read_dir(folder).unwrap());
        let names = entries.into_iter().flatten().map(Result::unwrap).filter(|entry| entry.path().is_file());
        for name in names.map(|entry| entry.file_name().into_string().unwrap()) {
            assert!(FILES.iter().any(|(file, ..)| *file == name), "{name} is not in the table");
        }
    }

    #[test]
    fn the_save_button_writes_one_style_that_never_differs() {
        let styles: Vec<&str> = SAVE_BUTTON.split("<style>").skip(1).collect();
        assert_eq!(styles.len(), 1, "the package writes more styles than the policy allows");
        let (style, _) = styles[0].split_once("</style>").unwrap();
        assert!(!style.contains(['$', '`', '\\', '\r']), "the style depends on something");
        assert_eq!(save_button_style().len(), "'sha256-'".len() + 44);
    }
}
