//! The series about plugins, named in one place.

use std::time::Duration;

use capstan_recording::ports::FaultKind;

/// A call ended, well or not.
pub(crate) fn call(plugin: &str, call: &'static str, took: Duration) {
    metrics::counter!("capstan_plugin_calls_total", "plugin" => plugin.to_owned(), "call" => call)
        .increment(1);
    metrics::histogram!("capstan_plugin_call_seconds", "plugin" => plugin.to_owned(), "call" => call)
        .record(took.as_secs_f64());
}

/// A plugin broke its contract.
pub(crate) fn fault(plugin: &str, kind: FaultKind) {
    let labels = [("plugin", plugin.to_owned()), ("kind", kind.to_string())];
    metrics::counter!("capstan_plugin_faults_total", &labels).increment(1);
}

/// A plugin sits out.
pub(crate) fn benched(plugin: &str) {
    metrics::counter!("capstan_plugin_benched_total", "plugin" => plugin.to_owned()).increment(1);
}

/// A request of a plugin ended; `outcome` is a class of status (`2xx`) or a transport error.
pub(crate) fn request(plugin: &str, outcome: &'static str) {
    metrics::counter!("capstan_plugin_requests_total", "plugin" => plugin.to_owned(),
        "outcome" => outcome)
    .increment(1);
}
