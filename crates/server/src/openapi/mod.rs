//! The OpenAPI document (3.1): what is not said at a route itself, and the page that shows it all.

use std::collections::BTreeMap;

use askama::Template;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Specification, PathItem, RefOr, Response,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// The document without its routes; they bring their own.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Daybook",
        description = "Events reporting: an Events API that SIEM connectors pull from, ingest by HTTP, and the management of both.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "Events API", description = "What SIEM connectors read. Compatible with the 1Password Events API; see docs/events-api.md."),
        (name = "Ingest", description = "Events in, by HTTP."),
        (name = "Event collector", description = "Events in from whatever can send to Splunk's HTTP Event Collector; see docs/ingest.md. `Authorization: Splunk …` is as good as `Bearer …`."),
        (name = "Management", description = "Accounts, integrations, tokens and keys, for the command line and automation."),
        (name = "Health", description = "For whoever watches over the hub."),
        (name = "Documentation", description = "This document."),
    ),
    modifiers(&Security)
)]
pub(crate) struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut Specification) {
        let components = document.components.get_or_insert_default();
        let bearer = |format: &str, description: &str| {
            let http = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format(format);
            SecurityScheme::Http(http.description(Some(description)).build())
        };
        components.add_security_scheme("bearer_token", bearer("JWT-SA", "A bearer token of an integration."));
        components.add_security_scheme(
            "administration_token",
            bearer("opaque", "The administration token in admin.token of the data directory."),
        );
    }
}

/// The page's style sheet.
pub(crate) const REFERENCE_CSS: &str = include_str!("../../templates/reference.css");

/// The page: operations by tag.
#[derive(Template)]
#[template(path = "reference.html")]
struct ReferencePage<'a> {
    title: &'a str,
    version: &'a str,
    description: &'a str,
    sections: Vec<Section<'a>>,
}

struct Section<'a> {
    name: &'a str,
    description: &'a str,
    operations: Vec<OperationView<'a>>,
}

struct OperationView<'a> {
    method: &'static str,
    path: &'a str,
    summary: &'a str,
    description: &'a str,
    needs: Vec<String>,
    parameters: Vec<(&'a str, &'a str)>,
    answers: Vec<(&'a str, &'a str)>,
}

/// The page as HTML.
///
/// # Errors
///
/// The template cannot be rendered.
pub(crate) fn render(document: &Specification) -> askama::Result<String> {
    let mut by_tag: BTreeMap<&str, Vec<OperationView<'_>>> = BTreeMap::new();
    for (path, item) in &document.paths.paths {
        for (method, operation) in operations(item) {
            let tag = operation.tags.as_ref().and_then(|tags| tags.first()).map_or("", String::as_str);
            by_tag.entry(tag).or_default().push(view(method, path, operation));
        }
    }
    let sections = document.tags.iter().flatten().map(|tag| Section {
        name: &tag.name,
        description: tag.description.as_deref().unwrap_or_default(),
        operations: by_tag.remove(tag.name.as_str()).unwrap_or_default(),
    });
    ReferencePage {
        title: &document.info.title,
        version: &document.info.version,
        description: document.info.description.as_deref().unwrap_or_default(),
        sections: sections.collect(),
    }
    .render()
}

fn operations(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    let all = [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PATCH", &item.patch),
        ("PUT", &item.put),
        ("DELETE", &item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation)))
}

fn view<'a>(method: &'static str, path: &'a str, operation: &'a Operation) -> OperationView<'a> {
    let needs = operation.security.iter().flatten().map(|needed| {
        let json = serde_json::to_value(needed).unwrap_or_default();
        json.as_object().into_iter().flat_map(|names| names.keys()).map(|name| name.replace('_', " ")).collect()
    });
    let parameters = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some((parameter.name.as_str(), parameter.description.as_deref().unwrap_or_default())),
        RefOr::Ref(_) => None,
    });
    OperationView {
        method,
        path,
        summary: operation.summary.as_deref().unwrap_or_default(),
        description: operation.description.as_deref().unwrap_or_default(),
        needs: needs.collect(),
        parameters: parameters.collect(),
        answers: operation
            .responses
            .responses
            .iter()
            .map(|(status, answer)| (status.as_str(), describe(answer)))
            .collect(),
    }
}

fn describe(answer: &RefOr<Response>) -> &str {
    match answer {
        RefOr::T(answer) => &answer.description,
        RefOr::Ref(_) => "",
    }
}
