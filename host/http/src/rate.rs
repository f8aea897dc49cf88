//! How often an app may ask: a bucket of tokens for each app and method, refilled by the clock.
//!
//! The methods are those of the routes, so the number of buckets is bounded by the configuration.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use capstan_media::time::RoomTime;

/// The buckets of all apps.
#[derive(Debug, Default)]
pub struct Rates {
    buckets: Mutex<HashMap<(String, String), Bucket>>,
}

/// One app's tokens for one method.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: RoomTime,
}

impl Rates {
    /// Takes a token; `false` if there is none. A full bucket holds a second's worth.
    pub(crate) fn take(&self, app: &str, method: &str, per_second: u32, now: RoomTime) -> bool {
        let full = f64::from(per_second);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets
            .entry((app.to_owned(), method.to_owned()))
            .or_insert(Bucket { tokens: full, filled: now });
        let fresh = now.since(bucket.filled).as_secs_f64() * full;
        bucket.tokens = (bucket.tokens + fresh).min(full);
        bucket.filled = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_its_tokens_for_each_app_and_method() {
        let rates = Rates::default();
        let taken = |app, method, millis| {
            let at = RoomTime::from_millis(millis);
            (0..30).filter(|_| rates.take(app, method, 10, at)).count()
        };
        assert_eq!(taken("a", "query", 0), 10);
        assert_eq!(taken("a", "query", 100), 1);
        assert_eq!((taken("b", "query", 100), taken("a", "stop", 100)), (10, 10));
        assert_eq!(taken("a", "query", 90_000), 10);
    }
}
