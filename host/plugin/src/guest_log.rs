//! The one function a plugin can import: a line for the operator's log, cut and rate-limited.

use std::sync::Arc;
use std::time::Duration;

use capstan_media::time::{RoomClock, RoomTime};

use crate::budget::MAX_LOG_LINE;
use crate::v1::bindings::capstan::plugin::log::Level;

const WINDOW: Duration = Duration::from_secs(1);

/// One instance's way to the log.
pub(crate) struct GuestLog {
    plugin: Arc<str>,
    clock: Arc<dyn RoomClock>,
    most: u32,
    window: Option<RoomTime>,
    written: u32,
    dropped: u64,
}

impl GuestLog {
    /// For one instance of `plugin`, with `most` lines a second.
    pub(crate) fn new(plugin: Arc<str>, clock: Arc<dyn RoomClock>, most: u32) -> Self {
        Self { plugin, clock, most, window: None, written: 0, dropped: 0 }
    }

    /// Writes a line, or counts it as dropped.
    pub(crate) fn write(&mut self, level: Level, message: &str) {
        if !self.admit(self.clock.now()) {
            return;
        }
        let line = cut_bytes(message, MAX_LOG_LINE);
        let plugin = &*self.plugin;
        match level {
            Level::Trace => tracing::trace!(target: "capstan::guest", plugin, "{line}"),
            Level::Debug => tracing::debug!(target: "capstan::guest", plugin, "{line}"),
            Level::Info => tracing::info!(target: "capstan::guest", plugin, "{line}"),
            Level::Warn => tracing::warn!(target: "capstan::guest", plugin, "{line}"),
            Level::Error => tracing::error!(target: "capstan::guest", plugin, "{line}"),
        }
    }

    fn admit(&mut self, now: RoomTime) -> bool {
        if self.window.is_none_or(|start| now.since(start) >= WINDOW) {
            self.report();
            self.window = Some(now);
            self.written = 0;
        }
        if self.written < self.most {
            self.written += 1;
            return true;
        }
        self.dropped += 1;
        false
    }

    fn report(&mut self) {
        if self.dropped > 0 {
            let (plugin, dropped) = (&*self.plugin, self.dropped);
            tracing::warn!(plugin, dropped, "plugin logged too much; lines were dropped");
            metrics::counter!("capstan_plugin_log_dropped_total", "plugin" => plugin.to_owned())
                .increment(dropped);
            self.dropped = 0;
        }
    }
}

impl Drop for GuestLog {
    fn drop(&mut self) {
        self.report();
    }
}

/// At most `max` bytes of the text, control characters shown as escapes so that a line stays one.
fn cut_bytes(text: &str, max: usize) -> String {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut line = String::with_capacity(end);
    for c in text.get(..end).unwrap_or_default().chars() {
        if c.is_control() && c != '\t' {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Still;

    impl RoomClock for Still {
        fn now(&self) -> RoomTime {
            RoomTime::from_millis(0)
        }
    }

    #[test]
    fn a_flood_is_dropped_and_counted() {
        let mut log = GuestLog::new("p".into(), Arc::new(Still), 3);
        let now = RoomTime::from_millis(1_000);
        let admitted = (0..10).filter(|_| log.admit(now)).count();
        assert_eq!((admitted, log.dropped), (3, 7));
        assert!(log.admit(now + WINDOW));
        assert_eq!(log.dropped, 0);
    }

    #[test]
    fn a_line_stays_one_line_of_bounded_length() {
        assert_eq!(cut_bytes("a\nb", 10), "a\\nb");
        assert_eq!(cut_bytes("ééé", 3), "é");
    }
}
