//! One event as it was sent, and as it is stored.
//!
//! ```text
//!  sent     {"time":1767225600.5,"host":"web1","sourcetype":"nginx","fields":{"env":"prod"},"event":{"status":502}}
//!  stored   {"uuid":"…","timestamp":"2026-01-01T00:00:00.5Z","host":"web1","sourcetype":"nginx","fields":{"env":"prod"},
//!            "event":{"status":502}}
//! ```
//!
//! The event itself is not touched, whatever it is. One that is an object with a `uuid` and a `timestamp` of its own is
//! found by them. For a feature of the wire, what is stored is the event alone.

use std::{borrow::Cow, fmt::Write};

use daybook_events::{Timestamp, random_upper_id};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    answer::{Code, HecError},
    epoch::parse_epoch,
    sender::SenderQuery,
};

/// An event with what is known of it; every text is JSON.
#[derive(Debug)]
pub(super) struct SentEvent<'a> {
    time: Option<Timestamp>,
    host: Option<Cow<'a, str>>,
    source: Option<Cow<'a, str>>,
    sourcetype: Option<Cow<'a, str>>,
    index: Option<Cow<'a, str>>,
    fields: Option<&'a str>,
    event: Cow<'a, str>,
    /// The index as text.
    pub(super) index_name: Option<String>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    time: Option<&'a RawValue>,
    #[serde(borrow)]
    host: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow)]
    sourcetype: Option<&'a RawValue>,
    #[serde(borrow)]
    index: Option<&'a RawValue>,
    #[serde(borrow)]
    fields: Option<&'a RawValue>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
}

/// What an event that is an object may say of itself.
#[derive(Deserialize)]
struct OwnMembers<'a> {
    #[serde(borrow)]
    uuid: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
}

impl<'a> SentEvent<'a> {
    /// An event in its envelope.
    pub(super) fn parse(text: &'a str, query: &'a SenderQuery) -> Result<Self, HecError> {
        let envelope: Envelope<'a> =
            serde_json::from_str(text).map_err(|error| HecError::new(Code::InvalidFormat, error.to_string()))?;
        let event = envelope.event.ok_or(Code::EventRequired)?.get();
        if event == "\"\"" {
            return Err(Code::EventBlank.into());
        }
        if let Some(fields) = envelope.fields {
            check_fields(fields.get())?;
        }
        let index = text_member("index", envelope.index)?;
        Ok(Self {
            time: envelope.time.map(time_of).transpose()?,
            host: text_member("host", envelope.host)?.or_else(|| to_json(query.host.as_deref())),
            source: text_member("source", envelope.source)?.or_else(|| to_json(query.source.as_deref())),
            sourcetype: text_member("sourcetype", envelope.sourcetype)?
                .or_else(|| to_json(query.sourcetype.as_deref())),
            index_name: match &index {
                Some(index) => Some(decode(index).ok_or_else(|| not_text("index"))?),
                None => query.index.clone(),
            },
            index: index.or_else(|| to_json(query.index.as_deref())),
            fields: envelope.fields.map(RawValue::get),
            event: Cow::Borrowed(event),
        })
    }

    /// A line of text; to a feature of the wire it is the event itself.
    pub(super) fn line(line: &'a str, query: &'a SenderQuery, is_wire: bool) -> Self {
        Self {
            time: None,
            host: to_json(query.host.as_deref()),
            source: to_json(query.source.as_deref()),
            sourcetype: to_json(query.sourcetype.as_deref()),
            index: to_json(query.index.as_deref()),
            fields: None,
            event: if is_wire { Cow::Borrowed(line) } else { quoted(line) },
            index_name: query.index.clone(),
        }
    }

    /// What is stored for a feature of the wire.
    pub(super) fn bare(&self) -> &str {
        &self.event
    }

    /// Writes what is stored for an open-schema feature; `now` is for events that say no time.
    pub(super) fn write(&self, now: Timestamp, out: &mut String) {
        let own = self.own_members();
        let own_uuid = own.as_ref().and_then(|own| own.uuid).map(RawValue::get);
        match own_uuid.filter(|uuid| uuid.starts_with('"') && uuid.len() > 2) {
            Some(uuid) => out.extend(["{\"uuid\":", uuid]),
            None => out.extend(["{\"uuid\":\"", &random_upper_id(), "\""]),
        }
        let own_time = || decode(own.as_ref()?.timestamp?.get()).and_then(|text| Timestamp::parse_strict(&text).ok());
        let time = self.time.or_else(own_time).unwrap_or(now);
        write!(out, ",\"timestamp\":\"{time}\"").expect("writing to a string");
        let members = [
            (",\"host\":", self.host.as_deref()),
            (",\"source\":", self.source.as_deref()),
            (",\"sourcetype\":", self.sourcetype.as_deref()),
            (",\"index\":", self.index.as_deref()),
            (",\"fields\":", self.fields),
        ];
        for (name, value) in members {
            out.extend(value.into_iter().flat_map(|value| [name, value]));
        }
        out.extend([",\"event\":", &self.event, "}"]);
    }

    fn own_members(&self) -> Option<OwnMembers<'_>> {
        self.event.starts_with('{').then(|| serde_json::from_str(&self.event).ok())?
    }
}

/// Seconds since 1970, as a number or as text.
fn time_of(time: &RawValue) -> Result<Timestamp, HecError> {
    let text = decode(time.get()).map_or(Cow::Borrowed(time.get()), Cow::Owned);
    parse_epoch(text.trim())
        .ok_or_else(|| HecError::new(Code::InvalidFormat, "time: must be seconds since 1970, such as 1767225600.123"))
}

/// Indexed fields are flat: texts, numbers and the like, and lists of them.
fn check_fields(fields: &str) -> Result<(), HecError> {
    if !fields.starts_with('{') {
        return Err(HecError::new(Code::InvalidFormat, "fields: must be an object"));
    }
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut escaped = false;
    let mut objects = 0_usize;
    for byte in fields.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                objects += usize::from(byte == b'{');
            }
            b'}' | b']' if !in_text => depth -= 1,
            _ => {}
        }
        if depth > 2 || objects > 1 {
            return Err(HecError::new(Code::IndexedFields, "fields: must be flat"));
        }
    }
    Ok(())
}

fn text_member<'a>(name: &str, value: Option<&'a RawValue>) -> Result<Option<Cow<'a, str>>, HecError> {
    match value.map(RawValue::get) {
        Some("\"\"") => Ok(None),
        Some(text) if text.starts_with('"') => Ok(Some(Cow::Borrowed(text))),
        Some(_) => Err(not_text(name)),
        None => Ok(None),
    }
}

fn not_text(name: &str) -> HecError {
    HecError::new(Code::InvalidFormat, format!("{name}: must be text"))
}

fn decode(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

fn to_json<'a>(text: Option<&str>) -> Option<Cow<'a, str>> {
    text.map(quoted)
}

fn quoted<'a>(text: &str) -> Cow<'a, str> {
    Cow::Owned(serde_json::to_string(text).expect("text is JSON"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_772_600_000);

    fn stored(sent: &str) -> Result<String, Code> {
        let query = SenderQuery::default();
        let mut out = String::new();
        SentEvent::parse(sent, &query).map_err(|error| error.code())?.write(NOW, &mut out);
        Ok(out)
    }

    #[test]
    fn the_event_is_kept_to_the_byte() {
        for event in
            [r#"{ "b" : 1.0,"a":1e400, "a":"é\u00e9" }"#, r#""line\twith \"quotes\"""#, "[1 ,2]", "17.50", "true"]
        {
            let stored = stored(&format!("{{\"event\": {event} }}")).unwrap();
            assert!(stored.ends_with(&format!(",\"event\":{event}}}")), "{stored}");
        }
    }

    #[test]
    fn what_is_said_of_it_stands_beside_it() {
        let sent = r#"{"time":"1767225600.25","host":"web1","source":"","sourcetype":null,"index":"main","fields":{"a":["b"]},
            "event":"x","unknown":1}"#;
        let stored: Value = serde_json::from_str(&stored(sent).unwrap()).unwrap();
        assert_eq!(stored["uuid"].as_str().map(str::len), Some(26));
        let mut rest = stored.clone();
        rest.as_object_mut().unwrap().remove("uuid");
        assert_eq!(
            rest,
            json!({"timestamp": "2026-01-01T00:00:00.25Z", "host": "web1", "index": "main", "fields": {"a": ["b"]},
                "event": "x"})
        );
    }

    #[test]
    fn an_event_with_its_own_uuid_and_time_is_found_by_them() {
        let own = r#"{"event":{"uuid":"OWN","timestamp":"2026-02-03T04:05:06.7Z"}}"#;
        assert!(stored(own).unwrap().starts_with(r#"{"uuid":"OWN","timestamp":"2026-02-03T04:05:06.7Z","event""#));
        let outer = r#"{"time":1,"event":{"uuid":"OWN","timestamp":"2026-02-03T04:05:06.7Z"}}"#;
        assert!(stored(outer).unwrap().starts_with(r#"{"uuid":"OWN","timestamp":"1970-01-01T00:00:01Z","#));
        let odd = stored(r#"{"event":{"uuid":7,"timestamp":"yesterday"}}"#).unwrap();
        assert!(odd.contains(&format!("\"timestamp\":\"{NOW}\"")) && !odd.starts_with("{\"uuid\":7"), "{odd}");
    }

    #[test]
    fn what_is_wrong_has_its_code() {
        for (sent, code) in [
            ("[]", Code::InvalidFormat),
            (r#"{"event":}"#, Code::InvalidFormat),
            ("{}", Code::EventRequired),
            (r#"{"event":null}"#, Code::EventRequired),
            (r#"{"event":""}"#, Code::EventBlank),
            (r#"{"event":1,"event":2}"#, Code::InvalidFormat),
            (r#"{"event":1,"time":"NaN"}"#, Code::InvalidFormat),
            (r#"{"event":1,"time":1e400}"#, Code::InvalidFormat),
            (r#"{"event":1,"time":{}}"#, Code::InvalidFormat),
            (r#"{"event":1,"host":7}"#, Code::InvalidFormat),
            (r#"{"event":1,"index":["a"]}"#, Code::InvalidFormat),
            (r#"{"event":1,"fields":[]}"#, Code::InvalidFormat),
            (r#"{"event":1,"fields":{"a":{}}}"#, Code::IndexedFields),
            (r#"{"event":1,"fields":{"a":[[]]}}"#, Code::IndexedFields),
            (r#"{"event":1,"fields":{"a":[{"b":1}]}}"#, Code::IndexedFields),
        ] {
            assert_eq!(stored(sent).unwrap_err(), code, "{sent}");
        }
        assert!(stored(r#"{"event":1,"fields":{"a":"{[{[","b":["]]"],"c":1,"d":[]}}"#).is_ok());
    }
}
