//! JSON one level at a time: the members of an object and the elements of an array as slices of the text they are in, so
//! that what is not understood is copied and what is to be replaced is found by its place.
//!
//! Texts may hold half a surrogate pair, which JSON's grammar allows and no Rust text can: it reads as U+FFFD.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// One member of an object: the tokens of its name and of its value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member<'a> {
    /// The name, in quotes and with its escapes.
    pub(crate) key: &'a str,
    /// The value.
    pub(crate) value: &'a str,
}

/// The members of an object in their order; `None` where the text is not one JSON object.
pub(crate) fn members(json: &str) -> Option<Vec<Member<'_>>> {
    serde_json::from_str::<Members<'_>>(json).ok().map(|members| members.0)
}

/// The elements of an array in their order; `None` where the text is not one JSON array.
pub(crate) fn elements(json: &str) -> Option<Vec<&str>> {
    serde_json::from_str::<Elements<'_>>(json).ok().map(|elements| elements.0)
}

/// What the token of a text says.
pub(crate) fn decode(token: &str) -> Cow<'_, str> {
    if !token.contains('\\') {
        return Cow::Borrowed(token.get(1..token.len().saturating_sub(1)).unwrap_or(""));
    }
    match serde_json::from_str::<Lossy>(token) {
        Ok(text) => Cow::Owned(text.0),
        Err(_) => Cow::Borrowed(token),
    }
}

/// Appends a text as a JSON token, quotes included.
pub(crate) fn push_text(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "\\u00",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(escape);
        if escape == "\\u00" {
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
        from = at + 1;
    }
    out.push_str(&text[from..]);
    out.push('"');
}

/// Appends the token of a text, as it is wherever every parser can read it.
pub(crate) fn push_token(out: &mut String, token: &str) {
    if token.contains("\\u") { push_text(out, &decode(token)) } else { out.push_str(token) }
}

/// Appends JSON without the white space between its tokens, and so on one line.
pub(crate) fn push_compact(out: &mut String, json: &str) {
    let bytes = json.as_bytes();
    if !bytes.iter().any(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\\')) {
        out.push_str(json);
        return;
    }
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let from = at;
        match byte {
            b'"' => {
                at = end_of_text(bytes, at);
                push_token(out, &json[from..at]);
            }
            b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            _ => {
                at +=
                    bytes[at..].iter().take_while(|byte| !matches!(byte, b'"' | b' ' | b'\t' | b'\n' | b'\r')).count();
                out.push_str(&json[from..at]);
            }
        }
    }
}

/// Where the text that begins at `from` ends: after its closing quote.
fn end_of_text(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

struct Members<'a>(Vec<Member<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;
        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Vec<Member<'de>>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(20);
                while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    members.push(Member { key: key.get(), value: value.get() });
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(ObjectVisitor).map(Self)
    }
}

struct Elements<'a>(Vec<&'a str>);

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ArrayVisitor;
        impl<'de> Visitor<'de> for ArrayVisitor {
            type Value = Vec<&'de str>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = sequence.next_element::<&RawValue>()? {
                    elements.push(element.get());
                }
                Ok(elements)
            }
        }
        deserializer.deserialize_seq(ArrayVisitor).map(Self)
    }
}

/// A text read as bytes, as `serde_json` gives it where surrogates are not in pairs.
struct Lossy(String);

impl<'de> Deserialize<'de> for Lossy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BytesVisitor;
        impl Visitor<'_> for BytesVisitor {
            type Value = String;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<String, E> {
                Ok(String::from_utf8_lossy(bytes).into_owned())
            }
        }
        deserializer.deserialize_bytes(BytesVisitor).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_slices_of_the_text() {
        let json = r#" { "a" : [1, 2] , "\u0062" : "x" } "#;
        let members = members(json).unwrap();
        assert_eq!(members[0].value, "[1, 2]");
        assert_eq!((members[1].key, members[1].value), (r#""\u0062""#, r#""x""#));
        assert_eq!(decode(members[1].key), "b");
        assert_eq!(elements(members[0].value).unwrap(), ["1", "2"]);
    }

    #[test]
    fn other_texts_have_no_members() {
        for json in ["", "null", "[]", "{", r#"{"a":1}x"#, r#"{"a" 1}"#] {
            assert!(members(json).is_none(), "{json}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_becomes_readable_to_every_parser() {
        let mut out = String::new();
        push_compact(&mut out, "{ \"a\\ud800\" :\n [ \"b\\n\\u0041 c\" ] }");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap()["a\u{fffd}\u{fffd}\u{fffd}"][0], "b\nA c");
    }

    #[test]
    fn a_text_reads_back_as_it_was_written() {
        let text: String = (0..0x100).filter_map(char::from_u32).chain("𝄞\u{2028}".chars()).collect();
        let mut token = String::new();
        push_text(&mut token, &text);
        assert_eq!(serde_json::from_str::<String>(&token).unwrap(), text);
        assert_eq!(decode(&token), text);
    }
}
