//! Dates and times as text: those of other services when read, RFC 3339 in UTC when written.

use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use shared::time::Timestamp;

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// The last second of the year 9999, the end of RFC 3339. `jiff::Timestamp` ends a day before, hence [`DateTime`] here.
const LAST_SECOND: u64 = 253_402_300_799;

/// Reads a number since 1970, or a date and a time in ISO 8601 as programs and databases write it. The time is UTC if it
/// has no offset, as in Django's database.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let seconds = parse_number(text).or_else(|| parse_date_time(text))?;
    (seconds <= LAST_SECOND).then(|| Timestamp::from_seconds(seconds))
}

/// Seconds of a number since 1970. One that is no time in seconds any more is in milliseconds, microseconds or nanoseconds.
fn parse_number(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = whole.parse().ok().filter(|_| is_number(whole) && is_number(fraction))?;
    [1, 1_000, 1_000_000, 1_000_000_000]
        .iter()
        .map(|unit| number / unit)
        .find(|seconds| *seconds <= LAST_SECOND)
}

/// Seconds from 1970 to a date and a time; `None` for earlier ones.
fn parse_date_time(text: &str) -> Option<u64> {
    // Ruby and some databases write the zone in letters.
    let text = match text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" GMT")) {
        Some(local) => local.trim_end_matches(" +0000"),
        None => text,
    };
    let pieces = Pieces::parse(text).ok()?;
    // The name of a time zone could contradict the offset.
    if pieces.time_zone_annotation().is_some() {
        return None;
    }
    let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
    let local = pieces.date().to_datetime(pieces.time()?);
    let since_epoch = local.duration_since(EPOCH) - offset.duration_since(Offset::UTC);
    Some(std::time::Duration::try_from(since_epoch).ok()?.as_secs())
}

/// Writes a time such as `2026-09-21T14:13:20Z`; nothing for a time after the year 9999.
pub(crate) fn format(time: Timestamp) -> String {
    let since_epoch = time.since(Timestamp::EPOCH);
    EPOCH.checked_add(since_epoch).map(|time| format!("{time}Z")).unwrap_or_default()
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
            "2026-09-21T14:13:20+0000",
            "2026-09-21T14:13:20.123456+00:00",
            "2026-09-21 14:13:20.123+00",
            "2026-09-21 16:13:20+02",
            "2026-09-21 09:13:20-05:00",
            "2026-09-21 14:13:20.123456",
            "2026-09-21 14:13:20",
            "2026-09-21T14:13:20",
            "2026-09-21T14:13:20.000+0000",
            "2026-09-21 14:13:20 UTC",
            "2026-09-21 14:13:20 +0000 UTC",
            "1790000000.0",
            "1790000000.123456",
            "1790000000123",
            "1790000000123456",
            "1790000000123456789",
        ] {
            assert_eq!(parse(text), Some(Timestamp::from_seconds(1_790_000_000)), "{text}");
        }
        assert_eq!(parse("0"), Some(Timestamp::EPOCH));
        assert_eq!(parse("9999-12-31T23:59:59Z"), Some(Timestamp::from_seconds(LAST_SECOND)));
    }

    #[test]
    fn other_text_is_not_read() {
        for text in [
            "",
            "now",
            "2026-09-21",
            "2026-13-01T00:00:00Z",
            "21.09.2026 14:13",
            "1969-12-31T23:59:59Z",
            "1969-12-31T23:59:59.5Z",
            "1970-01-01T00:59:59+01:00",
            "9999-12-31T23:59:59-00:01",
            "2026-09-21T14:13:20[Europe/Berlin]",
            "-1",
            "1.",
            ".5",
            "1.5e9",
            "+1790000000",
            "99999999999999999999",
            "2026-09-21T14:13:20Z\u{1b}[2J",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_written_time_is_read_as_the_same() {
        let time = Timestamp::from_seconds(1_790_000_000);
        assert_eq!(format(time), "2026-09-21T14:13:20Z");
        assert_eq!(parse(&format(time)), Some(time));
        let last = Timestamp::from_seconds(LAST_SECOND);
        assert_eq!(format(last), "9999-12-31T23:59:59Z");
        assert_eq!(format(Timestamp::from_seconds(LAST_SECOND + 1)), "");
        assert_eq!(format(Timestamp::from_seconds(u64::MAX)), "");
    }
}
