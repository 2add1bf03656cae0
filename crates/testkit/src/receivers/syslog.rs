//! rsyslog in the foreground, with a configuration of its own that writes every message as JSON.

use std::{fs, net::SocketAddr, path::Path, process::Command, time::Duration};

use serde_json::Value;

use super::process::{Process, accepts, debian_program, read_ndjson};
use crate::pki::{Authority, Identity, Validity};

/// How messages come in, always with octet counting or a line feed at the end of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyslogTransport {
    /// Plain TCP.
    Tcp,
    /// TLS (RFC 5425) with a certificate for `localhost` and `127.0.0.1`.
    Tls,
    /// TLS that wants a certificate of the client's.
    MutualTls,
}

/// A syslog server; messages may have 64 KiB.
#[derive(Debug)]
pub struct Rsyslog {
    process: Process,
    address: SocketAddr,
    authority: Authority,
}

impl Rsyslog {
    /// A server of this transport.
    ///
    /// # Panics
    ///
    /// It is not installed, or does not start.
    #[must_use]
    pub fn start(transport: SyslogTransport) -> Self {
        let authority = Authority::new("Daybook test authority");
        let identity = authority.server(Validity::Current);
        let command = |directory: &Path, [port]: [u16; 1]| {
            fs::write(directory.join("ca.pem"), authority.pem()).unwrap();
            fs::write(directory.join("certificate.pem"), &identity.certificate_pem).unwrap();
            fs::write(directory.join("key.pem"), &identity.key_pem).unwrap();
            fs::write(directory.join("rsyslog.conf"), configuration(directory, port, transport)).unwrap();
            let mut command = Command::new(debian_program("/usr/sbin/rsyslogd", "rsyslog rsyslog-gnutls"));
            command.args(["-n", "-f", "rsyslog.conf", "-i"]).arg(directory.join("pid"));
            command
        };
        let (process, [port]) = Process::start("rsyslogd", command, |[port]| accepts(port));
        Self { process, address: SocketAddr::from(([127, 0, 0, 1], port)), authority }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The authority that signed its certificate, and that it trusts.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.authority.pem()
    }

    /// A certificate for a client that `MutualTls` accepts.
    #[must_use]
    pub fn client_identity(&self) -> Identity {
        self.authority.client("daybook-test-client")
    }

    /// The messages so far: objects of text with `pri`, `timestamp`, `host`, `app`, `procid`, `msgid`, `structured_data` and
    /// `message`.
    ///
    /// # Panics
    ///
    /// It has written something that is not JSON.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        read_ndjson(&self.process.directory().join("messages.ndjson"))
    }

    /// Waits for the `n`-th message and returns all there are by then.
    ///
    /// # Panics
    ///
    /// It did not come in time; the message shows those that did.
    pub async fn wait_for(&self, n: usize, time: Duration) -> Vec<Value> {
        self.process.wait_for(n, time, async || self.messages()).await
    }

    /// What it has complained of, such as clients without a certificate.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }
}

fn configuration(directory: &Path, port: u16, transport: SyslogTransport) -> String {
    let directory = directory.display();
    let driver = match transport {
        SyslogTransport::Tcp => "",
        SyslogTransport::Tls => r#"streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon""#,
        SyslogTransport::MutualTls => {
            r#"streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid""#
        }
    };
    let property =
        |(outname, name): (&str, &str)| format!("property(outname=\"{outname}\" name=\"{name}\" format=\"jsonf\")");
    let properties = [
        ("pri", "pri"),
        ("host", "hostname"),
        ("app", "app-name"),
        ("procid", "procid"),
        ("msgid", "msgid"),
        ("structured_data", "structured-data"),
        ("message", "msg"),
    ];
    let properties = properties.map(property).join("\n");
    format!(
        r#"global(
  workDirectory="{directory}" maxMessageSize="64k" parser.escapeControlCharactersOnReceive="off"
  defaultNetstreamDriverCAFile="{directory}/ca.pem"
  defaultNetstreamDriverCertFile="{directory}/certificate.pem"
  defaultNetstreamDriverKeyFile="{directory}/key.pem"
)
module(load="imtcp")
template(name="json" type="list" option.jsonf="on") {{
{properties}
property(outname="timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
}}
ruleset(name="keep") {{
  action(type="omfile" file="{directory}/messages.ndjson" template="json" flushOnTXEnd="on" asyncWriting="off")
}}
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="keep" {driver})
"#
    )
}
