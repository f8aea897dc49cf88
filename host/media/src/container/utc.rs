//! Room time as a date, for playlists and the names of slices.
//!
//! Always UTC, always the proleptic Gregorian calendar, no leap seconds.

use std::fmt;

use crate::time::RoomTime;

/// A date and time of day in UTC, as the proleptic Gregorian calendar has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Utc {
    /// Year.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 to 999.
    pub millis: u16,
}

impl Utc {
    /// The date and time of a moment, rounded down to milliseconds.
    #[must_use]
    pub fn of(time: RoomTime) -> Self {
        const DAY: i64 = 86_400_000;
        let millis = time.as_millis();
        let (year, month, day) = civil(millis.div_euclid(DAY));
        let rest = millis.rem_euclid(DAY);
        let part = |value: i64| u8::try_from(value).unwrap_or(0);
        Self {
            year,
            month,
            day,
            hour: part(rest / 3_600_000),
            minute: part(rest / 60_000 % 60),
            second: part(rest / 1_000 % 60),
            millis: u16::try_from(rest % 1_000).unwrap_or(0),
        }
    }

    /// The moment that a date and time in ISO 8601, as this type is displayed, names; `None` if it is
    /// anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<RoomTime> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = text.get(from..to).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
            digits?.parse().ok()
        };
        let marks =
            [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
        if bytes.len() != 24 || marks.iter().any(|&(at, mark)| bytes.get(at) != Some(&mark)) {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let of_day = number(11, 13)? * 3_600_000 + number(14, 16)? * 60_000;
        let of_minute = number(17, 19)? * 1_000 + number(20, 23)?;
        Some(RoomTime::from_millis(days(year, month, day) * 86_400_000 + of_day + of_minute))
    }

    /// 17 digits `YYYYMMDDhhmmssSSS`, as names of slices have it.
    #[must_use]
    pub fn digits(&self) -> String {
        let Self { year, month, day, hour, minute, second, millis } = self;
        format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}{millis:03}")
    }
}

/// ISO 8601 with milliseconds, as `EXT-X-PROGRAM-DATE-TIME` wants it.
impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, millis } = self;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }
}

/// Year, month and day of a day counted from 1970-01-01: whole eras of 400 years, then the year
/// that begins in March, so that the leap day comes last.
fn civil(days: i64) -> (i64, u8, u8) {
    const ERA: i64 = 146_097;
    // 0000-03-01 is 719468 days before the epoch.
    let days = days + 719_468;
    let of_era = days.rem_euclid(ERA);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + days.div_euclid(ERA) * 400 + i64::from(month <= 2);
    (year, u8::try_from(month).unwrap_or(1), u8::try_from(day).unwrap_or(1))
}

/// The day counted from 1970-01-01 that [`civil`] calls so.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_around_leap_days() {
        let at = |millis| Utc::of(RoomTime::from_millis(millis)).to_string();
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(at(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(at(951_868_800_000), "2000-03-01T00:00:00.000Z");
        assert_eq!(at(4_107_542_399_999), "2100-02-28T23:59:59.999Z");
        assert_eq!(at(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
    }

    #[test]
    fn dates_are_read_back() {
        for day in -800..80_000 {
            let time = RoomTime::from_millis(day * 86_400_000 + 12_345_678);
            assert_eq!(Utc::parse(&Utc::of(time).to_string()), Some(time));
        }
        for bad in
            ["", "2026-01-02T03:04:05.678", "2026-01-02 03:04:05.678Z", "2026-13-02T03:04:05.678Z"]
        {
            assert_eq!(Utc::parse(bad), None);
        }
        assert_eq!(Utc::parse("2026-01-0\u{e9}T03:04:05.67Z"), None);
    }
}
