//! The statistics that `tests/timing` relies on.

#[path = "bench/timing/statistics.rs"]
mod statistics;

use statistics::{confidence_of_median, median, separation};

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
