//! A body taken apart into the objects it holds.

use serde_json::value::RawValue;

use super::answer::{Code, HecError};

/// The objects of a body one by one, unparsed: one after the other with or without space between, or in an array.
pub(super) struct Values<'a> {
    rest: &'a str,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Concatenated,
    /// After the bracket of an array.
    ArrayBegun,
    /// After an item of an array.
    ArrayItem,
    /// Nothing may follow but space.
    Ended,
}

impl<'a> Values<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        match text.trim_ascii_start().strip_prefix('[') {
            Some(rest) => Self { rest, state: State::ArrayBegun },
            None => Self { rest: text, state: State::Concatenated },
        }
    }

    fn skip(&mut self, character: char) -> bool {
        let rest = self.rest.strip_prefix(character);
        self.rest = rest.unwrap_or(self.rest).trim_ascii_start();
        rest.is_some()
    }

    fn wrong(&mut self, detail: impl Into<String>) -> HecError {
        (self.rest, self.state) = ("", State::Ended);
        HecError::new(Code::InvalidFormat, detail)
    }

    fn object(&mut self) -> Result<&'a str, HecError> {
        if !self.rest.starts_with('{') {
            return Err(self.wrong("an event must be an object"));
        }
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<&RawValue>();
        match values.next() {
            Some(Ok(value)) => {
                self.rest = &self.rest[values.byte_offset()..];
                Ok(value.get())
            }
            Some(Err(error)) => Err(self.wrong(error.to_string())),
            None => Err(self.wrong("an event must be an object")),
        }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Result<&'a str, HecError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rest = self.rest.trim_ascii_start();
        if matches!(self.state, State::ArrayBegun | State::ArrayItem) {
            if self.skip(']') {
                self.state = State::Ended;
            } else if self.state == State::ArrayItem && !self.skip(',') {
                return Some(Err(self.wrong("a comma or the end of the array was expected")));
            }
        }
        match self.state {
            State::Ended if self.rest.is_empty() => return None,
            State::Ended => return Some(Err(self.wrong("something follows the array"))),
            State::Concatenated if self.rest.is_empty() => return None,
            State::Concatenated => {}
            State::ArrayBegun | State::ArrayItem => self.state = State::ArrayItem,
        }
        Some(self.object())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(text: &str) -> Result<Vec<&str>, usize> {
        let mut values = Vec::new();
        for value in Values::of(text) {
            values.push(value.map_err(|_| values.len())?);
        }
        Ok(values)
    }

    #[test]
    fn objects_follow_each_other_in_every_way() {
        let both = Ok(vec!["{\"a\":1}", "{\"b\":\"}{\"}"]);
        for between in ["", " ", "\n", "\r\n\t \n"] {
            assert_eq!(split(&format!("{{\"a\":1}}{between}{{\"b\":\"}}{{\"}}")), both, "{between:?}");
        }
        assert_eq!(split(" \n[{\"a\":1} , {\"b\":\"}{\"}] \n"), both);
        assert_eq!((split(""), split(" \n"), split("[ ]")), (Ok(vec![]), Ok(vec![]), Ok(vec![])));
    }

    #[test]
    fn the_first_that_is_wrong_is_counted() {
        for (text, number) in [
            ("{", 0),
            ("{},{}", 1),
            ("{}x", 1),
            ("{}[{}]", 1),
            ("1", 0),
            ("{}{\"a\":}", 1),
            ("[1]", 0),
            ("[{},]", 1),
            ("[{} {}]", 1),
            ("[{}", 1),
            ("[{}]{}", 1),
            ("[", 0),
            ("[,{}]", 0),
            ("[[{}]]", 0),
            ("[{}]]", 1),
            ("]", 0),
        ] {
            assert_eq!(split(text), Err(number), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_separates_objects_they_come_out_as_they_went_in(
            objects in prop::collection::vec(r#"\{("a":("[{}\[\],]{0,5}"|-?[1-9][0-9]{0,3}|\[\{\},null\]))?\}"#, 0..8),
            between in "[ \n\r\t]{0,3}",
            in_array: bool,
        ) {
            let separator = if in_array { format!("{between},{between}") } else { between.clone() };
            let inside = format!("{between}{}{between}", objects.join(&separator));
            let text = if in_array { format!("[{inside}]") } else { inside };
            prop_assert_eq!(split(&text).unwrap(), objects);
        }

        #[test]
        fn no_text_makes_it_panic(text in r#"(\{|\}|\[|\]|,|:|"|\\| |1|é){0,20}"#) {
            let _ = split(&text);
        }
    }
}
