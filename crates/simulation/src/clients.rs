//! The programs people use, their versions over time, and what each is used for.
//!
//! Versions follow release trains: an app is released every 14 days, a browser every 28, an operating system every 60. A
//! device takes a release some days after it is out, always the same number of days, so that in any month most devices
//! upgrade once or twice and some lag.

use crate::{json::Object, places::Network, random::Dice, rhythm::DAY_NANOS};

/// 2020-01-01, when the release trains leave, in days since 1970.
const TRAINS_START_DAY: i64 = 18_262;

/// What a client is, which decides what it is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Desktop,
    Extension,
    Phone,
    Web,
    Machine,
}

/// A program on a platform.
#[derive(Debug)]
pub(crate) struct ClientKind {
    family: Family,
    app_name: &'static str,
    first_app_version: i64,
    platform_name: &'static str,
    /// A model or processor; `None` for browsers, whose version moves.
    platform_version: Option<&'static str>,
    os_name: &'static str,
    first_os_version: i64,
}

/// A program on one device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    kind: &'static ClientKind,
    /// How long after a release the device has it.
    lag_days: u16,
}

const fn app(
    family: Family,
    app_name: &'static str,
    platform: (&'static str, Option<&'static str>),
    os: (&'static str, i64),
) -> ClientKind {
    let first_app_version = match family {
        Family::Web => 1_500,
        Family::Machine => 2_200,
        _ => 80_600,
    };
    ClientKind {
        family,
        app_name,
        first_app_version,
        platform_name: platform.0,
        platform_version: platform.1,
        os_name: os.0,
        first_os_version: os.1,
    }
}

const MAC: (&str, i64) = ("MacOSX", 10);
const WINDOWS: (&str, i64) = ("Windows 11", 20);
const LINUX: (&str, i64) = ("Linux", 5);

static MAC_APP: ClientKind = app(Family::Desktop, "1Password for Mac", ("Mac", Some("Mac15,6")), MAC);
static WINDOWS_APP: ClientKind = app(Family::Desktop, "1Password for Windows", ("PC", Some("Notebook 14")), WINDOWS);
static LINUX_APP: ClientKind = app(Family::Desktop, "1Password for Linux", ("PC", Some("Notebook 13")), LINUX);
static MAC_CHROME: ClientKind = app(Family::Extension, "1Password Browser Extension", ("Chrome", None), MAC);
static MAC_SAFARI: ClientKind = app(Family::Extension, "1Password Browser Extension", ("Safari", None), MAC);
static WINDOWS_CHROME: ClientKind = app(Family::Extension, "1Password Browser Extension", ("Chrome", None), WINDOWS);
static WINDOWS_EDGE: ClientKind = app(Family::Extension, "1Password Browser Extension", ("Edge", None), WINDOWS);
static LINUX_FIREFOX: ClientKind = app(Family::Extension, "1Password Browser Extension", ("Firefox", None), LINUX);
static IPHONE: ClientKind = app(Family::Phone, "1Password for iOS", ("iPhone", Some("iPhone16,1")), ("iOS", 13));
static ANDROID: ClientKind =
    app(Family::Phone, "1Password for Android", ("Android", Some("Handset 8")), ("Android", 10));
static WEB_MAC: ClientKind = app(Family::Web, "1Password for Web", ("Chrome", None), MAC);
static WEB_WINDOWS: ClientKind = app(Family::Web, "1Password for Web", ("Edge", None), WINDOWS);
static WEB_LINUX: ClientKind = app(Family::Web, "1Password for Web", ("Firefox", None), LINUX);
static CLI: ClientKind = app(Family::Machine, "1Password CLI", ("CLI", Some("arm64")), LINUX);
static SDK: ClientKind = app(Family::Machine, "1Password SDK", ("SDK", Some("x86_64")), LINUX);
static SCIM_BRIDGE: ClientKind = app(Family::Machine, "1Password SCIM Bridge", ("Server", Some("x86_64")), LINUX);

/// Desktop app, browser extension and phone of the people with one kind of computer, with the web app they use instead.
struct Computer {
    percent: u64,
    app: &'static ClientKind,
    extensions: [&'static ClientKind; 2],
    web: &'static ClientKind,
}

static COMPUTERS: [Computer; 3] = [
    Computer { percent: 45, app: &MAC_APP, extensions: [&MAC_CHROME, &MAC_SAFARI], web: &WEB_MAC },
    Computer { percent: 40, app: &WINDOWS_APP, extensions: [&WINDOWS_EDGE, &WINDOWS_CHROME], web: &WEB_WINDOWS },
    Computer { percent: 15, app: &LINUX_APP, extensions: [&LINUX_FIREFOX, &LINUX_FIREFOX], web: &WEB_LINUX },
];

/// The one to three clients of a person, the one that is signed in to first in front.
pub(crate) fn clients_of_person(is_engineer: bool, dice: &mut Dice) -> Vec<Client> {
    let computer = dice.weighted(&COMPUTERS, |computer| computer.percent);
    let extension = computer.extensions[dice.below(2) as usize];
    let phone = if dice.chance(600) { &IPHONE } else { &ANDROID };
    let third = if is_engineer && dice.chance(400) { &CLI } else { phone };
    let kinds = match dice.below(100) {
        0..8 => vec![computer.web],
        8..15 => vec![extension],
        15..50 => vec![computer.app, extension],
        _ => vec![computer.app, extension, third],
    };
    let mut client = |kind| Client { kind, lag_days: dice.skewed_below(40) as u16 };
    kinds.into_iter().map(&mut client).collect()
}

/// The program a service account runs.
pub(crate) fn client_of_service(number: u32) -> Client {
    Client { kind: if number.is_multiple_of(2) { &SDK } else { &CLI }, lag_days: (number % 30) as u16 }
}

/// The bridge to the company's directory.
pub(crate) fn scim_bridge() -> Client {
    Client { kind: &SCIM_BRIDGE, lag_days: 9 }
}

/// A browser on a computer that is none of the company's.
pub(crate) fn web_browser(number: u64) -> Client {
    Client { kind: [&WEB_LINUX, &WEB_WINDOWS][(number % 2) as usize], lag_days: 0 }
}

impl Client {
    /// What it is used for.
    pub(crate) fn family(self) -> Family {
        self.kind.family
    }

    /// Writes the members of a client as of a time.
    pub(crate) fn write(self, mut object: Object<'_>, network: Network, time_nanos: i64) {
        let day = time_nanos.div_euclid(DAY_NANOS) - TRAINS_START_DAY - i64::from(self.lag_days);
        let releases = |every_days: i64| (day / every_days).max(0);
        let kind = self.kind;
        object.text("app_name", kind.app_name);
        object.printed("app_version", format_args!("{}", kind.first_app_version + 3 * releases(14)));
        object.text("platform_name", kind.platform_name);
        match kind.platform_version {
            Some(model) => object.text("platform_version", model),
            None => object.printed("platform_version", format_args!("{}.0", 78 + releases(28))),
        }
        object.text("os_name", kind.os_name);
        let os = releases(60);
        object.printed("os_version", format_args!("{}.{}", kind.first_os_version + os / 6, os % 6));
        object.address("ip_address", network.address);
        object.close();
    }
}
