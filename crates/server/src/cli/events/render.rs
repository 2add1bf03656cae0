//! Events as columns for people, as one JSON array, or as lines of JSON.
//!
//! Values of events come from anywhere: what a terminal would obey is replaced before it gets there. Into files and
//! pipes JSON goes byte for byte.

use std::{borrow::Cow, fmt::Write as _, io::Write};

use anyhow::Result;
use daybook_client::{Feature, Page, Timestamp};
use serde_json::Value;

use super::Format;
use crate::cli::output::{clean, is_unprintable, write_stdout};

const TIME_WIDTH: usize = 20;
const WHO_WIDTH: usize = 30;
const WHAT_WIDTH: usize = 44;
const WHERE_WIDTH: usize = 48;

/// Prints pages of one feature.
pub(super) struct Renderer<W> {
    format: Format,
    feature: Feature,
    out: W,
    is_terminal: bool,
    has_items: bool,
}

impl<W: Write> Renderer<W> {
    pub(super) fn new(format: Format, feature: &Feature, out: W, is_terminal: bool) -> Self {
        Self { format, feature: feature.clone(), out, is_terminal, has_items: false }
    }

    /// What stands before the first event.
    pub(super) fn begin(&mut self) -> Result<()> {
        match self.format {
            Format::Table => self.write(&(row(&["TIME", "WHO", "WHAT", "WHERE"].map(Cow::Borrowed)) + "\n")),
            Format::Json => self.write("["),
            Format::Ndjson => Ok(()),
        }
    }

    pub(super) fn print_page(&mut self, page: &Page) -> Result<()> {
        let mut text = String::new();
        for item in page.items.iter().map(|item| item.get()) {
            match self.format {
                Format::Table => {
                    text.push_str(&self.row_of(item));
                    text.push('\n');
                }
                Format::Json => {
                    text.push_str(if self.has_items { ",\n" } else { "\n" });
                    text.push_str(&self.for_terminal(item));
                }
                Format::Ndjson => {
                    text.push_str(&self.for_terminal(&on_one_line(item)));
                    text.push('\n');
                }
            }
            self.has_items = true;
        }
        self.write(&text)
    }

    /// What stands after the last event.
    pub(super) fn end(&mut self) -> Result<()> {
        match self.format {
            Format::Json => self.write(if self.has_items { "\n]\n" } else { "]\n" }),
            Format::Table | Format::Ndjson => Ok(()),
        }
    }

    fn write(&mut self, text: &str) -> Result<()> {
        write_stdout(&mut self.out, text.as_bytes())
    }

    /// JSON that a terminal shows and does not obey: what it would obey is inside strings, where an escape is the same.
    fn for_terminal<'a>(&self, json: &'a str) -> Cow<'a, str> {
        let is_harmful = |character: char| character != '\n' && is_unprintable(character);
        if !self.is_terminal || !json.contains(is_harmful) {
            return Cow::Borrowed(json);
        }
        let mut escaped = String::with_capacity(json.len() + 16);
        for character in json.chars() {
            if is_harmful(character) {
                let _ = write!(escaped, "\\u{:04x}", u32::from(character));
            } else {
                escaped.push(character);
            }
        }
        Cow::Owned(escaped)
    }

    fn row_of(&self, item: &str) -> String {
        let event: Value = serde_json::from_str(item).unwrap_or_default();
        let columns = match self.feature.as_str() {
            "signinattempts" => sign_in(&event),
            "itemusages" => item_usage(&event),
            "auditevents" => audit(&event),
            _ => [String::new(), item.to_owned(), String::new()],
        };
        let [who, what, place] = columns.map(Cow::Owned);
        row(&[Cow::Owned(time_of(&event)), who, what, place])
    }
}

fn sign_in(event: &Value) -> [String; 3] {
    let what = join(" ", &[text(event, "/category"), text(event, "/type"), in_app(event)]);
    [person(event, "/target_user"), what, place(event, "/client/ip_address")]
}

fn item_usage(event: &Value) -> [String; 3] {
    let what = join(" ", &[text(event, "/action"), "item".into(), text(event, "/item_uuid"), in_app(event)]);
    [person(event, "/user"), what, place(event, "/client/ip_address")]
}

fn audit(event: &Value) -> [String; 3] {
    let who = or_else(person(event, "/actor_details"), || text(event, "/actor_uuid"));
    let object = or_else(person(event, "/object_details"), || text(event, "/object_uuid"));
    let what = join(" ", &[text(event, "/action"), text(event, "/object_type"), object, person(event, "/aux_details")]);
    [who, what, place(event, "/session/ip")]
}

/// The time to the second, in UTC.
fn time_of(event: &Value) -> String {
    let time = text(event, "/timestamp");
    time.parse::<Timestamp>().map_or(time, |time| Timestamp::from_seconds(time.as_seconds()).to_string())
}

fn person(event: &Value, path: &str) -> String {
    or_else(text(event, &format!("{path}/email")), || text(event, &format!("{path}/name")))
}

fn in_app(event: &Value) -> String {
    let app = text(event, "/client/app_name");
    if app.is_empty() { app } else { format!("({app})") }
}

fn place(event: &Value, ip_path: &str) -> String {
    let country = or_else(text(event, "/location/country"), || text(event, "/country"));
    let land = join(", ", &[text(event, "/location/city"), country]);
    join(" ", &[text(event, ip_path), land])
}

fn text(event: &Value, path: &str) -> String {
    event.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn or_else(text: String, other: impl FnOnce() -> String) -> String {
    if text.is_empty() { other() } else { text }
}

fn join(separator: &str, parts: &[String]) -> String {
    parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(separator)
}

/// White space of JSON between its members may have line ends; strings cannot.
fn on_one_line(json: &str) -> Cow<'_, str> {
    if json.contains(['\n', '\r']) { json.replace(['\n', '\r'], " ").into() } else { Cow::Borrowed(json) }
}

/// Columns of a fixed width, so that rows can be printed as they come.
fn row(columns: &[Cow<'_, str>; 4]) -> String {
    let widths = [TIME_WIDTH, WHO_WIDTH, WHAT_WIDTH, WHERE_WIDTH];
    let cells = columns.iter().zip(widths).map(|(cell, width)| fit(&clean(cell), width));
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn fit(text: &str, width: usize) -> String {
    if text.chars().count() > width {
        return text.chars().take(width - 1).chain(['…']).collect();
    }
    format!("{text:width$}")
}

#[cfg(test)]
mod tests {
    use daybook_client::{AUDIT_EVENTS, SIGN_IN_ATTEMPTS};
    use serde_json::json;

    use super::*;

    fn render(format: Format, feature: &Feature, items: &[&str], is_terminal: bool) -> String {
        let items: Vec<_> = items.iter().map(|item| serde_json::from_str::<Value>(item).unwrap()).collect();
        let page = serde_json::from_value(json!({"items": items, "cursor": "c", "has_more": false})).unwrap();
        render_page(format, feature, &page, is_terminal)
    }

    fn render_page(format: Format, feature: &Feature, page: &Page, is_terminal: bool) -> String {
        let mut renderer = Renderer::new(format, feature, Vec::new(), is_terminal);
        renderer.begin().unwrap();
        renderer.print_page(page).unwrap();
        renderer.end().unwrap();
        String::from_utf8(renderer.out).unwrap()
    }

    #[test]
    fn columns_say_who_did_what_where() {
        let audit = r#"{"timestamp":"2026-02-03T04:13:07.119Z","actor_uuid":"A","actor_details":{"email":"robin@acme.example"},
            "action":"join","object_type":"gm","object_uuid":"G","aux_details":{"email":"sam@acme.example"},
            "session":{"ip":"203.0.113.9"},"location":{"country":"New Zealand","city":"Dunedin"}}"#;
        let text = render(Format::Table, &AUDIT_EVENTS, &[audit], false);
        let line = text.lines().nth(1).unwrap();
        for part in ["2026-02-03T04:13:07Z", "robin@acme.example", "join gm G sam@", "203.0.113.9 Dunedin, New Zealand"]
        {
            assert!(line.contains(part), "{part} in {line}");
        }
    }

    #[test]
    fn a_terminal_is_not_at_the_mercy_of_events() {
        let harmful =
            "{\"category\":\"a\\u001b]0;x\\u0007\",\"type\":\"\u{9b}2J\u{202e}\",\"target_user\":{\"name\":\"a\\nb\"}}";
        for format in [Format::Table, Format::Json, Format::Ndjson] {
            let text = render(format, &SIGN_IN_ATTEMPTS, &[harmful], true);
            assert!(text.chars().all(|it| it == '\n' || !is_unprintable(it)), "{format:?}: {text:?}");
        }
        let text = render(Format::Table, &SIGN_IN_ATTEMPTS, &[harmful], true);
        assert_eq!(text.lines().count(), 2, "{text}");
    }

    #[test]
    fn escaping_for_the_terminal_keeps_the_value() {
        let item = "{\"a\":\"\u{9b}2J\"}";
        let text = render(Format::Ndjson, &SIGN_IN_ATTEMPTS, &[item], true);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), serde_json::from_str::<Value>(item).unwrap());
        assert!(render(Format::Ndjson, &SIGN_IN_ATTEMPTS, &[item], false).contains('\u{9b}'));
    }

    #[test]
    fn json_is_one_array_and_ndjson_one_line_each() {
        let array = render(Format::Json, &AUDIT_EVENTS, &[r#"{"a":1}"#, r#"{"a":2}"#], false);
        assert_eq!(serde_json::from_str::<Value>(&array).unwrap(), json!([{"a": 1}, {"a": 2}]));
        assert_eq!(render(Format::Json, &AUDIT_EVENTS, &[], false), "[]\n");
        let page: Page =
            serde_json::from_str("{\"items\":[{\"a\":\n 1.50}],\"cursor\":\"c\",\"has_more\":false}").unwrap();
        assert_eq!(render_page(Format::Ndjson, &AUDIT_EVENTS, &page, false), "{\"a\":  1.50}\n");
    }
}
