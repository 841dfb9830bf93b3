//! Dollars per million requests, from what was measured and what Amazon asks for it.

use crate::statistics::Results;

/// Dollars, us-east-1. Lambda: <https://aws.amazon.com/lambda/pricing/>, arm64, first tier. API Gateway:
/// <https://aws.amazon.com/api-gateway/pricing/>, HTTP API, first 300 million. DynamoDB:
/// <https://aws.amazon.com/dynamodb/pricing/on-demand/>, standard tables since 2024-11. CloudWatch Logs:
/// <https://aws.amazon.com/cloudwatch/pricing/>. As published for 2026-11.
mod price {
    pub const API_PER_MILLION: f64 = 1.00;
    pub const INVOCATIONS_PER_MILLION: f64 = 0.20;
    pub const GB_SECOND: f64 = 0.000_013_333_4;
    pub const READ_UNITS_PER_MILLION: f64 = 0.125;
    pub const WRITE_UNITS_PER_MILLION: f64 = 0.625;
    pub const LOGS_PER_GB: f64 = 0.50;
}

/// A function has one whole processor at this memory size, and a share of it below.
const WHOLE_PROCESSOR_MB: f64 = 1769.0;

/// How long DynamoDB takes to answer within a region: it promises single-digit milliseconds.
const DYNAMODB_MS: f64 = 4.0;

/// The sizes that are compared, in MB.
const SIZES: [f64; 5] = [128.0, 256.0, 512.0, 1024.0, 1769.0];

/// What a request asks of DynamoDB.
struct Work {
    function: &'static str,
    outcome: &'static str,
    /// Calls one after the other.
    calls: f64,
    /// A strongly consistent read of up to 4 KB is one unit.
    reads: f64,
    /// A write of up to 1 KB is one unit, in a transaction two.
    writes: f64,
    /// The size that `template.yaml` gives the function, in MB.
    size: f64,
    /// The dollars that a million may cost.
    limit: Option<f64>,
}

const WORK: [Work; 8] = [
    work("validate", "good token", 1.0, 1.0, 0.0, 256.0, Some(1.40)),
    work("validate", "bad token", 0.0, 0.0, 0.0, 256.0, Some(1.40)),
    work("login", "right password", 1.0, 1.0, 0.0, 1769.0, Some(3.00)),
    work("login", "wrong password", 1.0, 1.0, 0.0, 1769.0, Some(3.00)),
    work("login", "unknown name", 1.0, 1.0, 0.0, 1769.0, Some(3.00)),
    work("register", "new name", 1.0, 0.0, 1.0, 1769.0, Some(3.00)),
    work("register", "new name and address", 1.0, 0.0, 4.0, 1769.0, None),
    work("register", "taken name", 1.0, 0.0, 1.0, 1769.0, Some(3.00)),
];

const fn work(
    function: &'static str,
    outcome: &'static str,
    calls: f64,
    reads: f64,
    writes: f64,
    size: f64,
    limit: Option<f64>,
) -> Work {
    Work { function, outcome, calls, reads, writes, size, limit }
}

impl Work {
    /// What Lambda bills of a request, in milliseconds.
    ///
    /// Here the engine of the tests stands for DynamoDB; its time is taken off, and that of DynamoDB put on.
    fn billed_ms(&self, results: &Results, size: f64) -> Option<f64> {
        let measured = results.median(&format!("{} {}, dynamodb ms", self.function, self.outcome))?;
        let look_up = results.median("dynamodb one GetItem by the SDK ms")?;
        let own = (measured - self.calls * look_up).max(0.0);
        Some((own * (WHOLE_PROCESSOR_MB / size).max(1.0) + self.calls * DYNAMODB_MS).ceil())
    }

    /// Dollars per million, logs aside.
    fn dollars(&self, results: &Results, size: f64) -> Option<f64> {
        let gb_seconds = size / 1024.0 * self.billed_ms(results, size)? / 1000.0;
        Some(
            price::API_PER_MILLION
                + price::INVOCATIONS_PER_MILLION
                + gb_seconds * price::GB_SECOND * 1e6
                + self.reads * price::READ_UNITS_PER_MILLION
                + self.writes * price::WRITE_UNITS_PER_MILLION,
        )
    }

    fn logs(&self, results: &Results) -> Option<f64> {
        let bytes = results.median(&format!("{}, dynamodb log per request bytes", self.function))?;
        Some(bytes * 1e6 / 1e9 * price::LOGS_PER_GB)
    }
}

pub fn print(results: &Results) {
    println!(
        "\nDollars per million = {} (HTTP API) + {} (Lambda) + GB × s × {} × 10⁶ + {} × reads + {} × writes",
        price::API_PER_MILLION,
        price::INVOCATIONS_PER_MILLION,
        price::GB_SECOND,
        price::READ_UNITS_PER_MILLION,
        price::WRITE_UNITS_PER_MILLION,
    );
    println!(
        "Duration = measured, × {WHOLE_PROCESSOR_MB} / MB below that size, + {DYNAMODB_MS} ms for each call\n"
    );
    let sizes = SIZES.map(|size| format!("{size} MB")).join(" | ");
    println!(
        "| request | reads, writes | {sizes} | in use | limit | logs |\n|---|---|{}---|---|---|",
        "---|".repeat(SIZES.len())
    );
    for work in &WORK {
        let cell = |size| {
            let (dollars, milliseconds) = (work.dollars(results, size)?, work.billed_ms(results, size)?);
            Some(format!("{dollars:.2} ({milliseconds:.0} ms)"))
        };
        let Some(cells) = SIZES.into_iter().map(cell).collect::<Option<Vec<_>>>() else { continue };
        let limit = work.limit.map_or_else(String::new, |limit| format!("{limit:.2}"));
        println!(
            "| {} {} | {}, {} | {} | **{}** at {} | {limit} | {:.2} |",
            work.function,
            work.outcome,
            work.reads,
            work.writes,
            cells.join(" | "),
            work.dollars(results, work.size).map_or_else(String::new, |dollars| format!("{dollars:.2}")),
            work.size,
            work.logs(results).unwrap_or_default(),
        );
    }
}
