//! The comparison of times, as a table and as JSON.

use std::fmt;

use serde_json::{Value, json};
use support::statistics::{confidence_of_median, median, separation};

use crate::Times;
use crate::kind::{Expected, Kind};

/// The largest accepted difference, as a part of the time of a hash: of the medians, and of the confidence interval at 95 %.
const DIFFERENCE: f64 = 0.01;
const CONFIDENCE: f64 = 0.02;

/// The largest accepted distance of the AUC from a half.
const AUC: f64 = 0.05;

/// The comparison of each kind of login with another one, in one place.
pub struct Report {
    place: &'static str,
    pairs: usize,
    unknown: f64,
    hash: f64,
    comparisons: Vec<Comparison>,
}

/// The comparison of a kind with the one beside it; times in milliseconds.
struct Comparison {
    kind: Kind,
    beside: Kind,
    median: f64,
    difference: f64,
    confidence: (f64, f64),
    p: f64,
    auc: f64,
    is_told_apart: bool,
}

impl Report {
    /// Compares each kind with the one beside it in the same round, so that both meet the same state of the machine.
    pub fn new(place: &'static str, times: &Times, random: &mut fastrand::Rng) -> Self {
        let (unknown, hash) = (times.of(Kind::Unknown), median(&times.hashes));
        let pairs = Kind::ALL.into_iter().filter_map(|kind| Some((kind, kind.beside()?)));
        let comparisons = pairs.map(|(kind, beside)| Comparison::new(kind, beside, times, hash, random));
        let comparisons = comparisons.collect();
        Self { place, pairs: unknown.len(), unknown: median(unknown), hash, comparisons }
    }

    /// Returns true if the control differs, and nothing that must not.
    pub fn is_as_promised(&self) -> bool {
        self.comparisons.iter().all(Comparison::is_as_promised)
    }

    pub fn json(&self) -> Value {
        json!({
            "place": self.place,
            "pairs": self.pairs,
            "hash_ms": self.hash,
            "unknown_ms": self.unknown,
            "comparisons": self.comparisons.iter().map(Comparison::json).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, pairs, unknown, hash, comparisons } = self;
        writeln!(f, "{pairs} logins of each kind {place}, where a hash takes {hash:.2} ms:\n")?;
        writeln!(
            f,
            "| refused because of | median (ms) | beside | differs by (ms) | 95 % | of a hash | p | AUC | told apart |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|")?;
        writeln!(f, "| {} | {unknown:.2} | | | | | | | |", Kind::Unknown.name())?;
        comparisons.iter().try_for_each(|comparison| comparison.write_row(f, *hash))
    }
}

impl Comparison {
    fn new(kind: Kind, beside: Kind, times: &Times, hash: f64, random: &mut fastrand::Rng) -> Self {
        let (times, others) = (times.of(kind), times.of(beside));
        let differences: Vec<_> = times.iter().zip(others).map(|(one, other)| one - other).collect();
        let (difference, confidence) = (median(&differences), confidence_of_median(&differences, random));
        let separation = separation(others, times);
        let is_told_apart = difference.abs() >= DIFFERENCE * hash
            || confidence.0 <= -CONFIDENCE * hash
            || confidence.1 >= CONFIDENCE * hash
            || (separation.auc - 0.5).abs() > AUC;
        let (p, auc) = (separation.p, separation.auc);
        Self { kind, beside, median: median(times), difference, confidence, p, auc, is_told_apart }
    }

    fn is_as_promised(&self) -> bool {
        match self.kind.expected() {
            Expected::Alike => !self.is_told_apart,
            Expected::Apart => self.is_told_apart,
            Expected::Either => true,
        }
    }

    fn write_row(&self, f: &mut fmt::Formatter<'_>, hash: f64) -> fmt::Result {
        let Self { kind, beside, median, difference, confidence: (low, high), p, auc, is_told_apart } = self;
        write!(f, "| {} | {median:.2} | {} | ", kind.name(), beside.name())?;
        write!(f, "{difference:+.3} | {low:+.3} to {high:+.3} | ")?;
        write!(f, "{:+.2} % | {p:.2} | {auc:.3} | ", 100.0 * difference / hash)?;
        write!(f, "{}", if *is_told_apart { "yes" } else { "no" })?;
        writeln!(f, "{} |", if self.is_as_promised() { "" } else { ", which is wrong" })
    }

    fn json(&self) -> Value {
        json!({
            "kind": self.kind.name(),
            "beside": self.beside.name(),
            "median_ms": self.median,
            "difference_ms": self.difference,
            "confidence_ms": [self.confidence.0, self.confidence.1],
            "p": self.p,
            "auc": self.auc,
            "told_apart": self.is_told_apart,
            "as_promised": self.is_as_promised(),
        })
    }
}
