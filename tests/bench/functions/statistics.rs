//! Medians and quartiles of measurements.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The median of a quantity, and the quartiles around it.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    pub median: f64,
    pub low: f64,
    pub high: f64,
    pub count: usize,
}

/// Quantities by name; the last word of a name is the unit.
#[derive(Debug, Default)]
pub struct Measurements(BTreeMap<String, Vec<f64>>);

/// The summaries of measurements, for the table and for the file that later runs are compared with.
#[derive(Debug, Default)]
pub struct Results(pub BTreeMap<String, Summary>);

impl Measurements {
    pub fn add(&mut self, name: impl Into<String>, value: f64) {
        self.0.entry(name.into()).or_default().push(value);
    }

    pub fn summarise(self) -> Results {
        Results(self.0.into_iter().map(|(name, values)| (name, Summary::of(values))).collect())
    }
}

impl Summary {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let quantile = |numerator: usize| values[(values.len() - 1) * numerator / 4];
        Self { median: quantile(2), low: quantile(1), high: quantile(3), count: values.len() }
    }
}

impl Results {
    /// The median of a quantity.
    pub fn median(&self, name: &str) -> Option<f64> {
        self.0.get(name).map(|summary| summary.median)
    }

    pub fn to_json(&self) -> Value {
        let entries = self.0.iter().map(|(name, Summary { median, low, high, count })| {
            (name.clone(), json!({ "median": median, "low": low, "high": high, "count": count }))
        });
        Value::Object(entries.collect())
    }

    pub fn of_json(json: &Value) -> Option<Self> {
        let entries = json.as_object()?.iter().map(|(name, entry)| {
            let number = |field: &str| entry[field].as_f64();
            let count = usize::try_from(entry["count"].as_u64()?).ok()?;
            let summary =
                Summary { median: number("median")?, low: number("low")?, high: number("high")?, count };
            Some((name.clone(), summary))
        });
        entries.collect::<Option<_>>().map(Self)
    }
}
