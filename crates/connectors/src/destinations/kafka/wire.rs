//! The protocol's primitive types, in the encoding from before "flexible" versions, and varints of records.

/// An answer that is not what the protocol says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the broker's answer is not as Kafka's protocol has it")]
pub(super) struct Malformed;

/// Writes a request.
#[derive(Debug, Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn i8(&mut self, value: i8) -> &mut Self {
        self.put(&value.to_be_bytes())
    }

    pub(super) fn i16(&mut self, value: i16) -> &mut Self {
        self.put(&value.to_be_bytes())
    }

    pub(super) fn i32(&mut self, value: i32) -> &mut Self {
        self.put(&value.to_be_bytes())
    }

    pub(super) fn i64(&mut self, value: i64) -> &mut Self {
        self.put(&value.to_be_bytes())
    }

    /// The number of things that follow, or of bytes.
    pub(super) fn count(&mut self, count: usize) -> &mut Self {
        self.i32(i32::try_from(count).expect("requests are far below 2 GiB"))
    }

    /// A text of at most 32,767 bytes.
    pub(super) fn string(&mut self, text: &str) -> &mut Self {
        self.i16(i16::try_from(text.len()).expect("names in requests are short")).put(text.as_bytes())
    }

    /// No text.
    pub(super) fn null_string(&mut self) -> &mut Self {
        self.i16(-1)
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.count(bytes.len()).put(bytes)
    }

    /// Zigzag and seven bits a byte.
    pub(super) fn varint(&mut self, value: i64) -> &mut Self {
        let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
        while rest >= 0x80 {
            self.0.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        self.0.push(rest as u8);
        self
    }

    /// Bytes of a record, with their length before them.
    pub(super) fn var_bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.varint(i64::try_from(bytes.len()).expect("memory ends before")).put(bytes)
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }
}

/// Reads an answer. No length in it is believed before the bytes are seen.
#[derive(Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn i8(&mut self) -> Result<i8, Malformed> {
        self.fixed().map(i8::from_be_bytes)
    }

    pub(super) fn i16(&mut self) -> Result<i16, Malformed> {
        self.fixed().map(i16::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, Malformed> {
        self.fixed().map(i32::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64, Malformed> {
        self.fixed().map(i64::from_be_bytes)
    }

    /// A text, or none.
    pub(super) fn string(&mut self) -> Result<Option<String>, Malformed> {
        let Ok(length) = usize::try_from(self.i16()?) else { return Ok(None) };
        let bytes = self.take(length)?;
        String::from_utf8(bytes.to_vec()).map(Some).map_err(|_| Malformed)
    }

    /// Bytes; none are the same as no bytes.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.i32()?;
        self.take(usize::try_from(length).unwrap_or(0))
    }

    /// Things of one kind; nothing is set aside for more than came.
    pub(super) fn array<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let count = self.i32()?;
        (0..count).map(|_| read(self)).collect()
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_zigzag() {
        for (value, bytes) in [(0, &[0][..]), (-1, &[1]), (1, &[2]), (63, &[126]), (-65, &[0x81, 1]), (300, &[0xd8, 4])]
        {
            let mut writer = Writer::default();
            writer.varint(value);
            assert_eq!(writer.0, bytes, "{value}");
        }
        let mut writer = Writer::default();
        writer.varint(i64::MIN);
        assert_eq!(writer.0.len(), 10);
    }

    #[test]
    fn lengths_of_a_hostile_broker_are_not_believed() {
        assert_eq!(Reader::new(&[0x7f, 0xff, 0xff, 0xff, 1]).array(Reader::i64), Err(Malformed));
        assert_eq!(Reader::new(&[0x7f, 0xff, 0xff, 0xff, 1]).bytes(), Err(Malformed));
        assert_eq!(Reader::new(&[0x7f, 0xff, 1]).string(), Err(Malformed));
        assert_eq!(Reader::new(&[0, 1, 0xff]).string(), Err(Malformed));
        assert_eq!(Reader::new(&[0xff, 0xff]).string(), Ok(None));
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff]).array(Reader::i8), Ok(vec![]));
    }
}
