//! What two samples tell of the difference between what they were taken from.

use std::f64::consts::SQRT_2;

/// How often a sample is drawn anew from itself.
const RESAMPLES: usize = 2000;

pub fn median(values: &[f64]) -> f64 {
    middle(&mut values.to_vec())
}

/// Between which two values the true median lies with a confidence of 95 %, by bootstrapping.
pub fn confidence_of_median(values: &[f64], random: &mut fastrand::Rng) -> (f64, f64) {
    let mut resample = values.to_vec();
    let mut medians: Vec<_> = (0..RESAMPLES)
        .map(|_| {
            resample.fill_with(|| values[random.usize(..values.len())]);
            middle(&mut resample)
        })
        .collect();
    medians.sort_unstable_by(f64::total_cmp);
    (medians[RESAMPLES / 40], medians[RESAMPLES - 1 - RESAMPLES / 40])
}

fn middle(values: &mut [f64]) -> f64 {
    let half = values.len() / 2;
    let (below, upper, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    let upper = *upper;
    let lower = below.iter().copied().reduce(f64::max).filter(|_| values.len().is_multiple_of(2));
    f64::midpoint(lower.unwrap_or(upper), upper)
}

/// How well two samples are told apart.
#[derive(Debug)]
pub struct Separation {
    /// How probable it is that a value of the second is greater than one of the first: a half tells nothing. It is the
    /// area under the curve (AUC) of whoever guesses from one value which of the two it belongs to.
    pub auc: f64,
    /// How probable so much of a difference is between samples of the same: Mann and Whitney's test, two-sided, by its
    /// normal approximation.
    pub p: f64,
}

pub fn separation(first: &[f64], second: &[f64]) -> Separation {
    let mut values: Vec<_> = first.iter().map(|value| (*value, false)).collect();
    values.extend(second.iter().map(|value| (*value, true)));
    values.sort_unstable_by(|(one, _), (other, _)| one.total_cmp(other));
    let (mut smaller_firsts, mut wins, mut ties) = (0.0, 0.0, 0.0);
    for equal in values.chunk_by(|(one, _), (other, _)| one == other) {
        let seconds = count(equal.iter().filter(|(_, is_second)| *is_second));
        let all = count(equal);
        wins += seconds * (smaller_firsts + (all - seconds) / 2.0);
        smaller_firsts += all - seconds;
        ties += all.powi(3) - all;
    }
    let (firsts, seconds, all) = (count(first), count(second), count(&values));
    let pairs = firsts * seconds;
    let deviation = (pairs / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)))).sqrt();
    let p = if deviation > 0.0 { libm::erfc((wins - pairs / 2.0).abs() / deviation / SQRT_2) } else { 1.0 };
    Separation { auc: wins / pairs, p }
}

/// A count that is small enough to be exact.
fn count<T>(values: impl IntoIterator<Item = T>) -> f64 {
    values.into_iter().map(|_| 1.0).sum()
}
