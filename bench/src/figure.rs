//! What was measured: a number with its unit, what it should be, and the limit it stands beside.

use serde::Serialize;

/// One number.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// Stable, for other figures and for programs.
    pub(crate) id: &'static str,
    pub(crate) what: String,
    pub(crate) value: f64,
    pub(crate) unit: Unit,
    pub(crate) target: Option<Target>,
    /// The id of the figure that bounds this one on this machine.
    pub(crate) beside: Option<&'static str>,
    pub(crate) note: String,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Unit {
    #[serde(rename = "events/s")]
    EventsPerSecond,
    #[serde(rename = "ms")]
    Millis,
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "MiB")]
    Mebibytes,
    #[serde(rename = "bytes/event")]
    BytesPerEvent,
    #[serde(rename = "KiB")]
    Kibibytes,
    #[serde(rename = "%")]
    Percent,
}

/// What a number should be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Figure {
    pub(crate) fn new(id: &'static str, what: impl Into<String>, value: f64, unit: Unit) -> Self {
        Self { id, what: what.into(), value, unit, target: None, beside: None, note: String::new() }
    }

    pub(crate) fn at_least(mut self, bound: f64) -> Self {
        self.target = Some(Target::AtLeast(bound));
        self
    }

    pub(crate) fn at_most(mut self, bound: f64) -> Self {
        self.target = Some(Target::AtMost(bound));
        self
    }

    pub(crate) fn beside(mut self, id: &'static str) -> Self {
        self.beside = Some(id);
        self
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// The number as people read it: `123,456 events/s`, `4.2 ms`.
    pub(crate) fn shown(&self) -> String {
        shown(self.value, self.unit)
    }

    /// `≥ 100,000`, with a mark where it is missed.
    pub(crate) fn target_shown(&self) -> String {
        let Some(target) = self.target else { return String::new() };
        let (sign, bound, is_met) = match target {
            Target::AtLeast(bound) => ("≥", bound, self.value >= bound),
            Target::AtMost(bound) => ("≤", bound, self.value <= bound),
        };
        let missed = if is_met { "" } else { " (missed)" };
        format!("{sign} {}{missed}", grouped(bound, 0))
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::EventsPerSecond => "events/s",
            Self::Millis => "ms",
            Self::Seconds => "s",
            Self::Mebibytes => "MiB",
            Self::BytesPerEvent => "bytes/event",
            Self::Kibibytes => "KiB",
            Self::Percent => "%",
        }
    }
}

fn shown(value: f64, unit: Unit) -> String {
    let decimals = if value.abs() >= 1000.0 || unit == Unit::EventsPerSecond { 0 } else { 1 };
    format!("{} {}", grouped(value, decimals), unit.name())
}

/// `1234567.8` as `1,234,567.8`.
fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(whole, part)| (whole, Some(part)));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len() - index;
        if index > 0 && left.is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    fraction.map_or(out.clone(), |fraction| format!("{out}.{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_for_people() {
        assert_eq!(shown(1_234_567.8, Unit::EventsPerSecond), "1,234,567 events/s".replace("567", "568"));
        assert_eq!(shown(4.24, Unit::Millis), "4.2 ms");
        assert_eq!(shown(-123.0, Unit::Percent), "-123.0 %");
    }

    #[test]
    fn a_missed_target_is_marked() {
        let figure = Figure::new("x", "x", 9.0, Unit::Millis);
        assert_eq!(figure.clone().at_most(10.0).target_shown(), "≤ 10");
        assert_eq!(figure.at_least(100_000.0).target_shown(), "≥ 100,000 (missed)");
    }
}
