//! The options of a connector as data: the command line, the console, the configuration file and the documentation all
//! read the same table.

/// What kind of value an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One line.
    Text,
    /// Several lines, such as PEM.
    LongText,
    /// Kept sealed and never shown again; one line or several.
    Secret,
    /// `https://…`, or `http://…` where the connector lets it.
    Url,
    /// A whole number.
    Number {
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// `true` or `false`.
    Switch,
    /// One of these.
    Choice(&'static [&'static str]),
}

/// One option of a connector.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name: lower-case words joined by `_`, with its unit.
    pub name: &'static str,
    /// What it takes.
    pub form: Form,
    /// Whether there is no doing without.
    pub required: bool,
    /// What is taken when nothing is given; empty for nothing.
    pub default: &'static str,
    /// What it is, for people, in a sentence.
    pub help: &'static str,
}

impl Setting {
    /// An option that may be left out.
    #[must_use]
    pub const fn new(name: &'static str, form: Form, help: &'static str) -> Self {
        Self { name, form, required: false, default: "", help }
    }

    /// The same, but it must be given.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same, with what is taken when nothing is given.
    #[must_use]
    pub const fn or(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    /// Whether its value is kept sealed.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.form == Form::Secret
    }
}

/// How a connector reaches its system, which decides on the options that it shares with its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// HTTP requests.
    Http,
    /// A connection of its own protocol, with or without TLS.
    Connection,
    /// No network.
    Local,
}

/// What a batch holds at the most, unless the destination's settings say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchBounds {
    /// Events.
    pub events: &'static str,
    /// KiB of events, before the protocol's own and compression.
    pub kib: &'static str,
    /// Milliseconds that a batch that is not full waits for more.
    pub wait_ms: &'static str,
}

/// A kind of connector, for people.
#[derive(Debug, Clone, Copy)]
pub struct Description {
    /// The product's name.
    pub title: &'static str,
    /// What happens, in one sentence.
    pub summary: &'static str,
    /// How it gets there.
    pub transport: Transport,
    /// The formats it can send, the first one unless told; none of a source, which has no options of delivery either.
    pub formats: &'static [&'static str],
    /// How much at a time.
    pub batch: BatchBounds,
    /// The options of its own.
    pub settings: &'static [Setting],
}

/// The options of every destination besides `format` and the bounds of batches, whose values differ by kind.
const DELIVERY: &[Setting] = &[
    Setting::new("features", Form::Text, "Which events, between commas, such as auditevents, okta.system; empty: all."),
    Setting::new("filter", Form::LongText, "Conditions that events must meet, a line each, such as category!=success."),
    Setting::new(
        "redact",
        Form::LongText,
        "Fields to leave out or hide, such as `drop: client.ip_address; hash: user.email`.",
    ),
    Setting::new(
        "redact_key",
        Form::Secret,
        "The key of hashed fields, 16 characters or more; with the same key, other destinations hash alike.",
    ),
    Setting::new(
        "from",
        Form::Choice(&["now", "beginning"]),
        "Where a new destination begins: with what is to come, or with everything kept.",
    )
    .or("now"),
];

/// The formats of those who take any JSON.
pub(crate) const JSON_FORMATS: &[&str] = &["raw", "ecs", "ocsf", "ocsf-1.3", "ocsf-1.8"];
/// The formats of those who take any line of text.
pub(crate) const LINE_FORMATS: &[&str] = &["raw", "ecs", "ocsf", "ocsf-1.3", "ocsf-1.8", "cef", "leef"];

const TLS: &[Setting] = &[
    Setting::new("ca_pem", Form::LongText, "Certificate authorities to trust besides the system's, PEM."),
    Setting::new(
        "client_certificate_pem",
        Form::LongText,
        "Certificate chain to show to the receiver (mutual TLS), PEM.",
    ),
    Setting::new("client_key_pem", Form::Secret, "The private key of that certificate, PEM."),
];

const HTTP: &[Setting] = &[Setting::new(
    "timeout_secs",
    Form::Number { min: 1, max: 600 },
    "Seconds in which the receiver must have answered.",
)
.or("30")];

impl Description {
    /// The description of a source.
    #[must_use]
    pub const fn source(
        title: &'static str,
        summary: &'static str,
        transport: Transport,
        settings: &'static [Setting],
    ) -> Self {
        let batch = BatchBounds { events: "", kib: "", wait_ms: "" };
        Self { title, summary, transport, formats: &[], batch, settings }
    }

    /// The options shared with other connectors of its transport, and those of its own first.
    pub fn all_settings(&self) -> impl Iterator<Item = Setting> + '_ {
        // Sources know their readers by a token.
        let tls = if self.formats.is_empty() { &TLS[..1] } else { TLS };
        let network: [&[Setting]; 2] = match self.transport {
            Transport::Http => [tls, HTTP],
            Transport::Connection => [tls, &[]],
            Transport::Local => [&[], &[]],
        };
        let own = self.settings.iter().copied();
        let delivery = DELIVERY.iter().copied().chain(self.varying()).filter(|_| !self.formats.is_empty());
        own.chain(network.into_iter().flatten().copied()).chain(delivery)
    }

    /// An option by name.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<Setting> {
        self.all_settings().find(|setting| setting.name == name)
    }

    fn varying(&self) -> [Setting; 4] {
        let number = |name, max, help| Setting::new(name, Form::Number { min: 1, max }, help);
        [
            Setting::new("format", Form::Choice(self.formats), "The schema of what is sent.").or(self
                .formats
                .first()
                .copied()
                .unwrap_or_default()),
            number("batch_events", 100_000, "Events in one request, at the most.").or(self.batch.events),
            number("batch_kib", 262_144, "KiB of events in one request, at the most.").or(self.batch.kib),
            Setting::new(
                "batch_wait_ms",
                Form::Number { min: 0, max: 3_600_000 },
                "Milliseconds that a batch that is not full waits for more.",
            )
            .or(self.batch.wait_ms),
        ]
    }
}
