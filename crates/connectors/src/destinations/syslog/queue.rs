//! How much of what a connection was given the other end's TCP has not acknowledged.
//!
//! Linux tells by ioctl (`SIOCOUTQ`), for which there is no safe call, and by its netlink family for sockets,
//! sock_diag(7), which is asked here: one datagram with the connection's two addresses, one answer with its queue.

use std::{io, net::SocketAddr};

/// The send queue of one connection.
#[derive(Debug)]
pub(super) struct SendQueue(#[cfg(target_os = "linux")] linux::Diagnosis);

impl SendQueue {
    /// The queue of the connection between two addresses, our end first.
    ///
    /// # Errors
    ///
    /// The system does not tell about queues.
    pub(super) fn of(local: SocketAddr, peer: SocketAddr) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        return linux::Diagnosis::of(local, peer).map(Self);
        #[cfg(not(target_os = "linux"))]
        return Err(io::Error::new(io::ErrorKind::Unsupported, format!("no way to ask about {local} to {peer}")));
    }

    /// Bytes that are not acknowledged yet.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotFound`]: there is no such connection any more.
    pub(super) fn unacknowledged_bytes(&self) -> io::Result<u32> {
        #[cfg(target_os = "linux")]
        return self.0.ask();
        #[cfg(not(target_os = "linux"))]
        return Err(io::ErrorKind::Unsupported.into());
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        io,
        net::{IpAddr, SocketAddr},
        os::fd::OwnedFd,
    };

    use rustix::net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, connect, netlink, recv, send, socket_with,
    };

    const HEADER_BYTES: usize = 16;
    const REQUEST_BYTES: usize = HEADER_BYTES + 56;
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const NLMSG_ERROR: u16 = 2;
    const NLM_F_REQUEST: u16 = 1;
    const IPPROTO_TCP: u8 = 6;
    /// `inet_diag_msg.idiag_wqueue` behind the header: for an established connection, bytes written and not acknowledged.
    const WRITE_QUEUE_AT: usize = HEADER_BYTES + 60;

    #[derive(Debug)]
    pub(super) struct Diagnosis {
        socket: OwnedFd,
        request: [u8; REQUEST_BYTES],
    }

    impl Diagnosis {
        pub(super) fn of(local: SocketAddr, peer: SocketAddr) -> io::Result<Self> {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(netlink::SOCK_DIAG))?;
            // The kernel is the peer: nobody else's datagrams are taken for its answers.
            connect(&socket, &netlink::SocketAddrNetlink::new(0, 0))?;
            let diagnosis = Self { socket, request: request(local, peer) };
            diagnosis.ask()?;
            Ok(diagnosis)
        }

        /// The kernel answers before it returns from the sending.
        pub(super) fn ask(&self) -> io::Result<u32> {
            send(&self.socket, &self.request, SendFlags::empty())?;
            let mut answer = [0_u8; 1024];
            let (length, _) = recv(&self.socket, &mut answer, RecvFlags::empty())?;
            read_answer(&answer[..length])
        }
    }

    /// `struct nlmsghdr` and `struct inet_diag_req_v2`.
    fn request(local: SocketAddr, peer: SocketAddr) -> [u8; REQUEST_BYTES] {
        let mut request = [0; REQUEST_BYTES];
        let mut put = |at: usize, bytes: &[u8]| request[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &(REQUEST_BYTES as u32).to_ne_bytes());
        put(4, &SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        put(6, &NLM_F_REQUEST.to_ne_bytes());
        let (family, interface) = match peer {
            SocketAddr::V4(_) => (AddressFamily::INET, 0),
            SocketAddr::V6(peer) => (AddressFamily::INET6, peer.scope_id()),
        };
        put(16, &[u8::try_from(family.as_raw()).unwrap_or_default(), IPPROTO_TCP]);
        // Connections in every state.
        put(20, &u32::MAX.to_ne_bytes());
        put(24, &local.port().to_be_bytes());
        put(26, &peer.port().to_be_bytes());
        put_address(&mut put, 28, local.ip());
        put_address(&mut put, 44, peer.ip());
        put(60, &interface.to_ne_bytes());
        // INET_DIAG_NOCOOKIE
        put(64, &[0xff; 8]);
        request
    }

    fn put_address(put: &mut impl FnMut(usize, &[u8]), at: usize, address: IpAddr) {
        match address {
            IpAddr::V4(address) => put(at, &address.octets()),
            IpAddr::V6(address) => put(at, &address.octets()),
        }
    }

    fn read_answer(answer: &[u8]) -> io::Result<u32> {
        let number_at = |at: usize| answer.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        match answer.get(4..6).and_then(|bytes| bytes.try_into().ok()).map(u16::from_ne_bytes) {
            Some(SOCK_DIAG_BY_FAMILY) => number_at(WRITE_QUEUE_AT).map(u32::from_ne_bytes),
            Some(NLMSG_ERROR) => {
                let code = number_at(HEADER_BYTES).map_or(0, i32::from_ne_bytes);
                return Err(io::Error::from_raw_os_error(-code));
            }
            _ => None,
        }
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "an answer of sock_diag that is none"))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{
        io::{ErrorKind, Read, Write},
        net::{TcpListener, TcpStream},
        time::{Duration, Instant},
    };

    use super::*;

    #[test]
    fn what_the_other_end_does_not_read_stays_in_the_queue() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(address).unwrap();
            let mut ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (mut theirs, _) = listener.accept().unwrap();
            let queue = SendQueue::of(ours.local_addr().unwrap(), ours.peer_addr().unwrap()).unwrap();
            assert_eq!(queue.unacknowledged_bytes().unwrap(), 0);

            ours.set_nonblocking(true).unwrap();
            let mut written = 0;
            let full = loop {
                match ours.write(&[0; 65_536]) {
                    Ok(bytes) => written += bytes,
                    Err(error) => break error,
                }
            };
            assert_eq!(full.kind(), ErrorKind::WouldBlock);
            assert!(queue.unacknowledged_bytes().unwrap() > 0);

            theirs.read_exact(&mut vec![0; written]).unwrap();
            let started = Instant::now();
            while queue.unacknowledged_bytes().unwrap() > 0 {
                assert!(started.elapsed() < Duration::from_secs(10));
            }
        }
    }

    #[test]
    fn a_connection_that_is_not_there_is_not_found() {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        assert_eq!(SendQueue::of(nowhere, nowhere).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
