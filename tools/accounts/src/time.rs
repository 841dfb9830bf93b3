//! Times as other services write them, and as this one does.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use shared::time::Timestamp;

/// The last second of the year 9999: later ones are not written by anybody.
const LAST: u64 = 253_402_300_799;

/// Reads seconds since 1970, or a date and a time as Python and the databases write them. One without an
/// offset is in UTC, as Django keeps it.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => date_time(text)?,
    };
    (seconds <= LAST).then(|| Timestamp::from_seconds(seconds))
}

fn date_time(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', ' '])?;
    // The sign of an offset; all signs before belong to the date.
    let offset = time.rfind(['+', '-']).and_then(|at| time.get(at..)).unwrap_or_default();
    let missing = match offset.len() {
        0 if !time.ends_with('Z') => "Z",
        // PostgreSQL writes hours alone.
        3 => ":00",
        _ => "",
    };
    let parsed = DateTime::from_str(&format!("{date}T{time}{missing}"), Format::DateTimeWithOffset).ok()?;
    parsed.secs().try_into().ok()
}

/// Writes a time.
pub(crate) fn format(time: Timestamp) -> String {
    let time = time.to_system_time().map(DateTime::from);
    time.and_then(|time| time.fmt(Format::DateTime).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_forms_that_databases_write() {
        for text in [
            "1790000000",
            "2026-09-21T14:13:20Z",
            "2026-09-21T14:13:20.999999Z",
            "2026-09-21T14:13:20+00:00",
            "2026-09-21T14:13:20.123456+00:00",
            "2026-09-21 14:13:20.123+00",
            "2026-09-21 16:13:20+02",
            "2026-09-21 09:13:20-05:00",
            "2026-09-21 14:13:20.123456",
            "2026-09-21 14:13:20",
            "2026-09-21T14:13:20",
        ] {
            assert_eq!(parse(text), Some(Timestamp::from_seconds(1_790_000_000)), "{text}");
        }
        assert_eq!(parse("0"), Some(Timestamp::EPOCH));
        assert_eq!(parse("9999-12-31T23:59:59Z"), Some(Timestamp::from_seconds(LAST)));
    }

    #[test]
    fn what_is_no_time_is_not_read() {
        for text in [
            "",
            "now",
            "2026-09-21",
            "2026-13-01T00:00:00Z",
            "21.09.2026 14:13",
            "1969-12-31T23:59:59Z",
            "-1",
            "1.5",
            "253402300800",
            "18446744073709551615",
            "2026-09-21T14:13:20Z\u{1b}[2J",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let time = Timestamp::from_seconds(1_790_000_000);
        assert_eq!(format(time), "2026-09-21T14:13:20Z");
        assert_eq!(parse(&format(time)), Some(time));
    }
}
