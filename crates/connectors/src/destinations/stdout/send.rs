//! One write a batch, while nobody else writes.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::{
    Batch, Context, Delivered, DeliveryError, Destination, Endpoint, Settings, SettingsError,
    destinations::{
        file::lines_of,
        lane::{Lane, TIMEOUT},
    },
};

/// Standard output.
#[derive(Debug)]
pub(crate) struct Connector {
    timeout: Duration,
    lane: Lane<io::Result<()>>,
    /// Whether the last write ended somewhere in a line, perhaps.
    is_torn: Arc<AtomicBool>,
}

impl Connector {
    /// Standard output of these settings.
    #[expect(clippy::unnecessary_wraps, reason = "every kind is opened in the same way")]
    pub(in crate::destinations) fn open(settings: &Settings, _context: &Context) -> Result<Self, SettingsError> {
        let timeout = Duration::from_secs(settings.number(TIMEOUT.name).max(1));
        Ok(Self { timeout, lane: Lane::default(), is_torn: Arc::default() })
    }
}

impl Destination for Connector {
    fn endpoint(&self) -> Option<Endpoint> {
        None
    }

    async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        let (lines, is_torn) = (lines_of(batch), Arc::clone(&self.is_torn));
        let write = move || write(&mut io::stdout().lock(), &lines, &is_torn);
        let came = self.lane.run(batch.id(), self.timeout, write, Result::is_ok).await;
        let came = came.map_err(|lost| lost.error("standard output", self.timeout))?;
        came.map(|()| Delivered::all())
            .map_err(|error| DeliveryError::retry(format!("write to standard output: {error}")))
    }
}

/// Writes lines. Half a line that a failure left cannot be taken back; it is ended, so that it spoils no other.
fn write(output: &mut impl Write, lines: &[u8], is_torn: &AtomicBool) -> io::Result<()> {
    if is_torn.swap(true, Ordering::AcqRel) {
        output.write_all(b"\n")?;
    }
    output.write_all(lines)?;
    output.flush()?;
    is_torn.store(false, Ordering::Release);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes, and fails once.
    struct Failing {
        taken: Vec<u8>,
        room: usize,
    }

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.room == 0 {
                self.room = usize::MAX;
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let count = bytes.len().min(self.room);
            self.taken.extend_from_slice(&bytes[..count]);
            self.room -= count;
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn half_a_line_spoils_no_other() {
        let line = "{\"a\":1}\n";
        for room in 0..line.len() {
            let (mut output, is_torn) = (Failing { taken: Vec::new(), room }, AtomicBool::new(false));
            assert!(write(&mut output, line.as_bytes(), &is_torn).is_err(), "{room}");
            for _ in 0..2 {
                write(&mut output, line.as_bytes(), &is_torn).unwrap();
            }
            let text = String::from_utf8(output.taken).unwrap();
            assert_eq!(text, format!("{}\n{line}{line}", &line[..room]));
        }
    }
}
