//! A connection whose answers can be spoilt and whose end can be a reset.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

const GARBAGE: &[u8] = b"\x00\x01 this is not an answer of any HTTP server\r\n";

/// A stream, with or without TLS; dropping it resets the connection where the control says so.
pub(super) struct Wire {
    stream: Stream,
    control: Arc<Control>,
}

pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What the service of a connection says to its wire.
#[derive(Debug, Default)]
pub(super) struct Control {
    reset: AtomicBool,
    spoil: Mutex<Option<Spoil>>,
}

/// How the next write is spoilt. Hyper writes a small answer in one piece.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spoil {
    Garbage,
    WithoutLast(usize),
}

impl Control {
    pub(super) fn reset(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    pub(super) fn spoil(&self, spoil: Spoil) {
        *self.spoil.lock().unwrap() = Some(spoil);
    }
}

impl Wire {
    pub(super) fn new(stream: Stream, control: Arc<Control>) -> Self {
        Self { stream, control }
    }
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    fn write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.control.reset.load(Ordering::Relaxed) {
            let _ = self.stream.tcp().set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let spoil = *self.control.spoil.lock().unwrap();
        let written = match spoil {
            None => return self.stream.write(context, bytes),
            Some(Spoil::Garbage) => ready!(self.stream.write(context, GARBAGE)),
            Some(Spoil::WithoutLast(count)) => {
                ready!(self.stream.write(context, &bytes[..bytes.len().saturating_sub(count)]))
            }
        };
        *self.control.spoil.lock().unwrap() = None;
        Poll::Ready(written.map(|_| bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
