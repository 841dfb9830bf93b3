//! Dollars per million requests, from the measurements and the prices of AWS.

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
    /// Amazon SES: <https://aws.amazon.com/ses/pricing/>, 2026-11.
    pub const MAILS_PER_THOUSAND: f64 = 0.10;
}

/// A function has one whole processor at this memory size, and a share of it below.
const WHOLE_PROCESSOR_MB: f64 = 1769.0;

/// The time of a DynamoDB call within a region: single-digit milliseconds are promised.
const DYNAMODB_MS: f64 = 4.0;

/// The sizes that are compared, in MB.
const SIZES: [f64; 5] = [128.0, 256.0, 512.0, 1024.0, 1769.0];

/// The use of DynamoDB by a request.
struct Work {
    function: &'static str,
    outcome: &'static str,
    /// Calls one after the other.
    calls: f64,
    /// A strongly consistent read of up to 4 KB is one unit.
    reads: f64,
    /// A write of an item of up to 1 KB is one unit, in a transaction two. An account with five sessions is larger.
    writes: f64,
    /// The size that `template.yaml` gives the function, in MB.
    size: f64,
    /// The bar for a million, in dollars.
    limit: f64,
    /// True if its client IP is counted too, for the table.
    addresses: &'static str,
}

const WORK: [Work; 12] = [
    work("validate", "good token", 1.0, 1.0, 0.0, 256.0, 1.40),
    work("validate", "bad token", 0.0, 0.0, 0.0, 256.0, 1.40),
    work("login", "right password", 3.0, 3.0, 0.0, 1769.0, 3.00),
    work("login", "right password after a wrong one", 3.0, 2.0, 1.0, 1769.0, 3.00),
    work("login", "wrong password", 3.0, 2.0, 1.0, 1769.0, 3.00),
    work("login", "unknown name", 3.0, 2.0, 1.0, 1769.0, 3.00),
    work("login", "with a session", 4.0, 3.0, 1.0, 1769.0, 3.25),
    work("refresh", "current token", 1.0, 0.0, 1.0, 1769.0, 2.05),
    work("register", "new name", 1.0, 0.0, 1.0, 1769.0, 3.00),
    // Two items, written both or neither.
    work("register", "new name and address", 1.0, 0.0, 4.0, 1769.0, f64::INFINITY),
    // A refused write costs as much as one that is done, and then the item that is there is read.
    work("register", "taken name", 2.0, 1.0, 1.0, 1769.0, 3.00),
    // Without the mail that it asks for.
    work("register", "code for a new password", 1.0, 0.0, 1.0, 1769.0, 3.00),
];

/// The bar for a usual login with a rate limit for each client IP.
const LIMIT_WITH_ADDRESSES: f64 = 2.60;

/// Dollars for a user who is active in a month, beyond the ten thousand that are free:
/// <https://aws.amazon.com/cognito/pricing/>, 2026-11. Its tokens are verified without a call.
const COGNITO: [(&str, f64); 2] = [("Lite", 0.0055), ("Essentials", 0.015)];

const fn work(
    function: &'static str,
    outcome: &'static str,
    calls: f64,
    reads: f64,
    writes: f64,
    size: f64,
    limit: f64,
) -> Work {
    Work { function, outcome, calls, reads, writes, size, limit, addresses: "" }
}

impl Work {
    /// The time that Lambda bills for a request, in milliseconds: processor time, and the wait for DynamoDB.
    fn billed_ms(&self, results: &Results, size: f64) -> Option<f64> {
        let busy = results.median(&format!("{} {}, dynamodb cpu ms", self.function, self.outcome))?;
        Some((busy * (WHOLE_PROCESSOR_MB / size).max(1.0) + self.calls * DYNAMODB_MS).ceil())
    }

    /// Dollars per million, without logs.
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
        "\nDollars per million, logs aside = {} (HTTP API) + {} (Lambda) + GB × s × {} × 10⁶ + {} × reads + {} × writes",
        price::API_PER_MILLION,
        price::INVOCATIONS_PER_MILLION,
        price::GB_SECOND,
        price::READ_UNITS_PER_MILLION,
        price::WRITE_UNITS_PER_MILLION,
    );
    println!(
        "Duration = time on a processor × {WHOLE_PROCESSOR_MB} / MB below that size + {DYNAMODB_MS} ms for each call of DynamoDB\n"
    );
    let sizes = SIZES.map(|size| format!("{size} MB")).join(" | ");
    println!(
        "| request | reads, writes | {sizes} | in use | limit | logs |\n|---|---|{}---|---|---|",
        "---|".repeat(SIZES.len())
    );
    // The count is read before each login, and written after a failure. From an IPv6 client there are two.
    let counted = WORK.iter().filter(|work| work.function == "login").map(|login| {
        let (written, limit) = match login.outcome {
            "right password" => (0.0, LIMIT_WITH_ADDRESSES),
            "with a session" => (0.0, login.limit),
            "right password after a wrong one" => (0.0, f64::INFINITY),
            _ => (1.0, f64::INFINITY),
        };
        Work {
            calls: login.calls + 1.0 + written,
            reads: login.reads + 1.0,
            writes: login.writes + written,
            limit,
            addresses: ", its client IP counted",
            ..*login
        }
    });
    for work in WORK.into_iter().chain(counted) {
        let cell = |size| {
            let (dollars, milliseconds) = (work.dollars(results, size)?, work.billed_ms(results, size)?);
            Some(format!("{dollars:.2} ({milliseconds:.0} ms)"))
        };
        let Some(cells) = SIZES.into_iter().map(cell).collect::<Option<Vec<_>>>() else { continue };
        let Some(dollars) = work.dollars(results, work.size) else { continue };
        let Work { function, outcome, addresses, reads, writes, size, limit, .. } = work;
        let verdict = match limit {
            none if none.is_infinite() => "no limit".to_owned(),
            limit if dollars <= limit => format!("{limit:.2}, met"),
            limit => format!("{limit:.2}, missed by {:.0} %", (dollars / limit - 1.0) * 100.0),
        };
        println!(
            "| {function} {outcome}{addresses} | {reads}, {writes} | {} | **{dollars:.2}** at {size} | {verdict} | {:.2} |",
            cells.join(" | "),
            work.logs(results).unwrap_or_default(),
        );
    }
    print_others(results);
}

/// The prices of other services.
fn print_others(results: &Results) {
    println!("\n| beside, or instead | dollars |\n|---|---|");
    println!("| a thousand mails by Amazon SES | {:.2} |", price::MAILS_PER_THOUSAND);
    let login = WORK.iter().find(|work| work.outcome == "right password");
    if let Some(dollars) = login.and_then(|login| login.dollars(results, login.size)) {
        for (tier, price) in COGNITO {
            let logins = price / dollars * 1e6;
            println!(
                "| Cognito {tier}, one user for a month | {price}: as much as {logins:.0} logins here |"
            );
        }
    }
    for hash in ["argon2id, ours", "bcrypt, cost 10", "bcrypt, cost 12"] {
        let Some(milliseconds) = results.median(&format!("{hash} ms")) else { continue };
        let dollars = WHOLE_PROCESSOR_MB / 1024.0 * milliseconds / 1000.0 * price::GB_SECOND * 1e6;
        println!("| a million of {hash}, computed at {WHOLE_PROCESSOR_MB} MB | {dollars:.2} |");
    }
}
