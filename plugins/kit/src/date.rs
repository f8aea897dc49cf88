//! Moments as the world writes them, in milliseconds since the Unix epoch. No clock is read here.

/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `20240315T083045Z`
#[must_use]
pub fn basic(unix_ms: u64) -> String {
    iso(unix_ms).replace(['-', ':'], "")
}

/// `2024-03-15T08:30:45Z`
#[must_use]
pub fn iso(unix_ms: u64) -> String {
    let (year, month, day) = civil(unix_ms / DAY_MS);
    format!("{year:04}-{month:02}-{day:02}T{}Z", clock(unix_ms))
}

/// `2024-03-15T08:30:45.999Z` (RFC 3339)
#[must_use]
pub fn rfc3339(unix_ms: u64) -> String {
    let (second, ms) = (iso(unix_ms), unix_ms % 1000);
    format!("{}.{ms:03}Z", second.trim_end_matches('Z'))
}

/// `Fri, 15 Mar 2024 08:30:45 GMT` (RFC 9110, 5.6.7)
#[must_use]
pub fn http(unix_ms: u64) -> String {
    let days = unix_ms / DAY_MS;
    let (year, month, day) = civil(days);
    let name = |names: &[&'static str], at: u64| {
        usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or_default()
    };
    // The epoch was a Thursday.
    let weekday = name(&["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"], days % 7);
    let month = name(&MONTHS, month - 1);
    format!("{weekday}, {day:02} {month} {year:04} {} GMT", clock(unix_ms))
}

fn clock(unix_ms: u64) -> String {
    let second = unix_ms % DAY_MS / 1000;
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// The moment of an HTTP `Date` header, the inverse of [`http`].
#[must_use]
pub fn read_http(text: &str) -> Option<u64> {
    let mut words = text.split_once(", ")?.1.split(' ');
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let day: u64 = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    let year: u64 = year.parse().ok().filter(|year| (1970..10_000).contains(year))?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some((days(year, month, day)? * 86_400 + hour * 3600 + minute * 60 + second) * 1000)
}

/// Year, month and day of a day since the Unix epoch, in the Gregorian calendar: counted in eras of
/// 400 years, with years that begin in March so that the leap day comes last.
const fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

/// The day since the Unix epoch; the inverse of [`civil`].
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let (era, year) = (year / 400, year % 400);
    let day = (153 * month + 2) / 5 + day - 1 + 365 * year + year / 4 - year / 100;
    (era * 146_097 + day).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (ms, expected) in [
            (0, "19700101T000000Z"),
            (951_782_399_999, "20000228T235959Z"),
            (951_782_400_000, "20000229T000000Z"),
            (1_710_491_445_000, "20240315T083045Z"),
            (4_107_542_399_000, "21000228T235959Z"),
            (4_107_542_400_000, "21000301T000000Z"),
        ] {
            assert_eq!(basic(ms), expected);
        }
    }

    #[test]
    fn both_directions_agree_on_every_day() {
        for day in 0..60_000 {
            let (year, month, date) = civil(day);
            assert_eq!(days(year, month, date), Some(day));
        }
    }

    #[test]
    fn http_dates_are_read_and_others_are_not() {
        let text = "Fri, 15 Mar 2024 08:30:45 GMT";
        assert_eq!(http(1_710_491_445_999), text);
        assert_eq!(read_http(text), Some(1_710_491_445_000));
        assert_eq!(iso(1_710_491_445_000), "2024-03-15T08:30:45Z");
        assert_eq!(rfc3339(1_667_507_170_044), "2022-11-03T20:26:10.044Z");
        for bad in [
            "",
            "now",
            "Fri, 15 Foo 2024 08:30:45 GMT",
            "Fri, 15 Mar 1969 08:30:45 GMT",
            "Fri, 0 Jan 1970 00:00:00 GMT",
            "Fri, 15 Mar 2024 24:30:45 GMT",
            "Fri, 15 Mar 2024",
        ] {
            assert_eq!(read_http(bad), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn strangers_dates_are_read_or_not(text in "([A-Z][a-z]{2}, )?[0-9]{1,20} (Mar|Feb) [0-9]{1,20} [0-9:]{0,30}") {
            let _ = read_http(&text);
        }
    }
}
