//! Writes JSON members one after the other, straight into one text. Objects and arrays that stay empty are not written.

use std::fmt::{Display, Write};

use super::{
    event::Text,
    json::{push_compact, push_text, push_token},
};

/// JSON being written.
#[derive(Debug)]
pub(super) struct Json {
    out: String,
}

impl Json {
    /// One object with the members that `write` gives it.
    pub(super) fn object_of(capacity: usize, write: impl FnOnce(&mut Self)) -> String {
        let mut json = Self { out: String::with_capacity(capacity) };
        json.out.push('{');
        write(&mut json);
        json.out.push('}');
        json.out
    }

    fn separate(&mut self) {
        if !self.out.ends_with(['{', '[']) {
            self.out.push(',');
        }
    }

    fn name(&mut self, name: &str) {
        self.separate();
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    /// A member with a text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        push_text(&mut self.out, text);
    }

    /// A member with a text of the event, if there is one.
    pub(super) fn copied(&mut self, name: &str, text: Option<Text<'_>>) {
        if let Some(text) = text {
            self.name(name);
            push_token(&mut self.out, text.token());
        }
    }

    /// A member that prints as text free of quotes, backslashes and control characters.
    pub(super) fn printed(&mut self, name: &str, value: impl Display) {
        self.name(name);
        write!(self.out, "\"{value}\"").expect("writing to a text cannot fail");
    }

    /// A member that prints as JSON: a number, `true` or `false`.
    pub(super) fn plain(&mut self, name: &str, value: impl Display) {
        self.name(name);
        write!(self.out, "{value}").expect("writing to a text cannot fail");
    }

    /// A member copied from the event, by the token of its name.
    pub(super) fn member(&mut self, key: &str, value: &str) {
        self.separate();
        push_token(&mut self.out, key);
        self.out.push(':');
        push_compact(&mut self.out, value);
    }

    /// An element of an array with a text of the event.
    pub(super) fn element(&mut self, text: Text<'_>) {
        self.separate();
        push_token(&mut self.out, text.token());
    }

    /// An element of an array with a text.
    pub(super) fn text_element(&mut self, text: &str) {
        self.separate();
        push_text(&mut self.out, text);
    }

    /// An object as an element of an array.
    pub(super) fn object_element(&mut self, write: impl FnOnce(&mut Self)) {
        let mark = self.out.len();
        self.separate();
        self.enclose(mark, ['{', '}'], write);
    }

    /// A member with an object.
    pub(super) fn object(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        let mark = self.out.len();
        self.name(name);
        self.enclose(mark, ['{', '}'], write);
    }

    /// A member with an object, under the token of its name in the event.
    pub(super) fn object_member(&mut self, key: &str, write: impl FnOnce(&mut Self)) {
        let mark = self.out.len();
        self.separate();
        push_token(&mut self.out, key);
        self.out.push(':');
        self.enclose(mark, ['{', '}'], write);
    }

    /// A member with an array.
    pub(super) fn array(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        let mark = self.out.len();
        self.name(name);
        self.enclose(mark, ['[', ']'], write);
    }

    fn enclose(&mut self, mark: usize, [open, close]: [char; 2], write: impl FnOnce(&mut Self)) {
        self.out.push(open);
        let inside = self.out.len();
        write(self);
        if self.out.len() == inside {
            self.out.truncate(mark);
        } else {
            self.out.push(close);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_follow_each_other_and_empty_ones_leave_no_trace() {
        let json = Json::object_of(0, |json| {
            json.object("empty", |json| json.array("also", |_| {}));
            json.text("a", "{");
            json.object("b", |json| {
                json.plain("c", 1);
                json.array("d", |json| {
                    json.text_element("[");
                    json.object_element(|json| json.printed("e", 2));
                });
            });
        });
        assert_eq!(json, r#"{"a":"{","b":{"c":1,"d":["[",{"e":"2"}]}}"#);
    }
}
