//! Protobuf's wire format: what is needed to write logs, and to read the answers to them.

/// Writes the fields of one message.
#[derive(Debug, Default)]
pub(super) struct Message(pub(super) Vec<u8>);

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const BYTES: u64 = 2;
const FIXED32: u64 = 5;

impl Message {
    pub(super) fn varint(&mut self, field: u32, value: u64) -> &mut Self {
        self.raw(u64::from(field) << 3 | VARINT).raw(value)
    }

    pub(super) fn fixed64(&mut self, field: u32, value: u64) -> &mut Self {
        self.raw(u64::from(field) << 3 | FIXED64).0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A text, or a message that is finished.
    pub(super) fn bytes(&mut self, field: u32, bytes: &[u8]) -> &mut Self {
        self.raw(u64::from(field) << 3 | BYTES).raw(bytes.len() as u64).0.extend_from_slice(bytes);
        self
    }

    /// A message made in place; for small ones.
    pub(super) fn message(&mut self, field: u32, make: impl FnOnce(&mut Self)) -> &mut Self {
        let mut inner = Self::default();
        make(&mut inner);
        self.bytes(field, &inner.0)
    }

    fn raw(&mut self, mut value: u64) -> &mut Self {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
        self
    }
}

/// A field's value as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    pub(super) fn number(self) -> u64 {
        if let Self::Number(number) = self { number } else { 0 }
    }

    pub(super) fn bytes(self) -> &'a [u8] {
        if let Self::Bytes(bytes) = self { bytes } else { &[] }
    }

    pub(super) fn text(self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }
}

/// The fields of a message, in their order; `None` if it is none.
pub(super) fn fields(mut bytes: &[u8]) -> Option<Vec<(u32, Value<'_>)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let value = match tag & 7 {
            VARINT => Value::Number(varint(&mut bytes)?),
            FIXED64 => Value::Number(u64::from_le_bytes(take(&mut bytes, 8)?.try_into().ok()?)),
            BYTES => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                Value::Bytes(take(&mut bytes, length)?)
            }
            FIXED32 => Value::Number(u32::from_le_bytes(take(&mut bytes, 4)?.try_into().ok()?).into()),
            _ => return None,
        };
        fields.push((u32::try_from(tag >> 3).ok().filter(|field| *field > 0)?, value));
    }
    Some(fields)
}

/// The last value of a field, which is the one that counts.
pub(super) fn last<'a>(fields: &[(u32, Value<'a>)], number: u32) -> Option<Value<'a>> {
    fields.iter().rev().find(|(field, _)| *field == number).map(|(_, value)| *value)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *take(bytes, 1)?.first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut message = Message::default();
        message.varint(1, 300).fixed64(2, 7).bytes(3, b"abc").message(16, |inner| {
            inner.varint(1, u64::MAX);
        });
        assert_eq!(message.0[..3], [0x08, 0xac, 0x02]);
        let read = fields(&message.0).unwrap();
        assert_eq!(read[..3], [(1, Value::Number(300)), (2, Value::Number(7)), (3, Value::Bytes(b"abc"))]);
        let inner = fields(last(&read, 16).unwrap().bytes()).unwrap();
        assert_eq!(inner, [(1, Value::Number(u64::MAX))]);
    }

    #[test]
    fn what_is_no_message_is_none() {
        for bytes in [&b"<html>"[..], &[0x08], &[0x1a, 0x7f, 0], &[0xff; 11], &[0x00, 0x00]] {
            assert_eq!(fields(bytes), None, "{bytes:?}");
        }
        assert_eq!(fields(&[]), Some(vec![]));
    }
}
