//! The statistics of two samples of times.

use std::f64::consts::SQRT_2;

/// The number of samples that a bootstrap draws from one.
const RESAMPLES: usize = 2000;

/// The median.
pub fn median(values: &[f64]) -> f64 {
    middle(&mut values.to_vec())
}

/// The confidence interval of the true median at 95 %, by bootstrapping.
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

/// The difference between two samples.
#[derive(Debug)]
pub struct Separation {
    /// The probability that a value of the second is greater than one of the first; a half for equal samples. It is the
    /// area under the curve (AUC) of a guess from one value which of the two it belongs to.
    pub auc: f64,
    /// The probability of so large a difference between samples of the same distribution: the two-sided test of Mann and
    /// Whitney, by its normal approximation.
    pub p: f64,
}

/// Compares two samples.
///
/// Not by the crate `statrs`: with its test come nalgebra and four versions of glam in `Cargo.lock`.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn is(value: f64, expected: f64) -> bool {
        (value - expected).abs() < 1e-9
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert!(is(median(&[9.0, 1.0, 2.0]), 2.0));
        assert!(is(median(&[9.0, 1.0, 2.0, 4.0]), 3.0));
        assert!(is(median(&[5.0]), 5.0));
    }

    #[test]
    fn a_greater_sample_is_told_apart() {
        let values: Vec<_> = (0..100).map(f64::from).collect();
        let greater: Vec<_> = values.iter().map(|value| value + 1000.0).collect();
        let separation = separation(&values, &greater);
        assert!(is(separation.auc, 1.0) && separation.p < 1e-30, "{separation:?}");
    }

    #[test]
    fn equal_samples_are_not_told_apart() {
        for values in [vec![1.0, 2.0, 3.0], vec![7.0; 9]] {
            let separation = separation(&values, &values);
            assert!(is(separation.auc, 0.5) && is(separation.p, 1.0), "{separation:?}");
        }
    }

    /// The expected values are those of `scipy.stats.mannwhitneyu(second, first, use_continuity=False)`.
    #[test]
    fn the_test_agrees_with_another_implementation_of_it() {
        let first = [1.0, 2.0, 3.0, 4.0, 5.0];
        let second = [2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        let separation = separation(&first, &second);
        assert!(is(separation.auc, 0.733_333_333_333), "{separation:?}");
        assert!(is(separation.p, 0.197_120_618_624), "{separation:?}");
    }

    /// The order statistics of a sample of 1001 give 469 and 532.
    #[test]
    fn a_bootstrapped_interval_is_that_of_theory() {
        let values: Vec<_> = (0..1001).map(f64::from).collect();
        let (low, high) = confidence_of_median(&values, &mut fastrand::Rng::with_seed(1));
        assert!((low - 469.0).abs() < 5.0 && (high - 532.0).abs() < 5.0, "{low}, {high}");
    }
}
