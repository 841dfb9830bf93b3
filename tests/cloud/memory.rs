use support::samples;

use crate::deployed::Deployed;

/// The number of requests without `WARM_REQUESTS`.
const REQUESTS: u32 = 5_000;

/// The growth in KiB that may be: pages that are touched late. A trace id of the stand-in has 1 KiB, and there is one a request.
const GROWTH: u64 = 1024;

#[tokio::test]
async fn requests_leave_no_memory_behind() {
    let service = Deployed::new().await;
    let [register, validate] = [service.start("register").await, service.start("validate").await];
    let token = register.register("alice", None).await.token().to_owned();
    let [good, forged] =
        [token.clone(), samples::forged(&token)].map(|token| samples::bearing(&token).to_string());
    // A good token is looked up in the table, which takes longer.
    let (forged_ones, good_ones) = (requests(), requests() / 10);
    validate.repeat(&good, 1_000).await;
    let before = validate.resident_memory();
    validate.repeat(&forged, forged_ones).await;
    validate.repeat(&good, good_ones).await;
    let after = validate.resident_memory();
    println!("{before} KiB before, {after} KiB after {forged_ones} forged and {good_ones} good tokens");
    assert!(after <= before + GROWTH, "{before} KiB before, {after} KiB after");
}

#[expect(clippy::disallowed_methods, reason = "how many there are is chosen from outside")]
fn requests() -> u32 {
    std::env::var("WARM_REQUESTS").map_or(REQUESTS, |text| text.parse().expect("a number"))
}
