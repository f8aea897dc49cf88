//! The series about plugins, named in one place.

use std::time::Duration;

use capstan_outbox::ports::FaultKind;

/// A call ended, well or not.
pub(crate) fn call(plugin: &str, call: &'static str, took: Duration) {
    metrics::counter!("capstan_plugin_calls_total", "plugin" => plugin.to_owned(), "call" => call)
        .increment(1);
    metrics::histogram!("capstan_plugin_call_seconds", "plugin" => plugin.to_owned(), "call" => call)
        .record(took.as_secs_f64());
}

/// An instance was made, or not.
pub(crate) fn instance(plugin: &str, took: Duration) {
    metrics::histogram!("capstan_plugin_instance_seconds", "plugin" => plugin.to_owned())
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

/// A plugin had to wait, since it had used more than its share of the processor.
pub(crate) fn waited(plugin: &str, wait: Duration) {
    metrics::histogram!("capstan_plugin_waited_seconds", "plugin" => plugin.to_owned())
        .record(wait.as_secs_f64());
}

/// A request of a plugin ended; `outcome` is a class of status (`2xx`) or a transport error.
pub(crate) fn request(plugin: &str, outcome: &'static str) {
    metrics::counter!("capstan_plugin_requests_total", "plugin" => plugin.to_owned(),
        "outcome" => outcome)
    .increment(1);
}

/// A file was looked into; `outcome` is `loaded` or `refused`.
pub(crate) fn load(outcome: &'static str, took: Duration) {
    metrics::counter!("capstan_plugin_loads_total", "outcome" => outcome).increment(1);
    metrics::histogram!("capstan_plugin_load_seconds", "outcome" => outcome)
        .record(took.as_secs_f64());
}

/// Code of a plugin was `compiled`, or found `cached`.
pub(crate) fn code(from: &'static str) {
    metrics::counter!("capstan_plugin_code_total", "from" => from).increment(1);
}

/// How many plugins are in use now, and how many files are refused.
pub(crate) fn plugins(used: usize, refused: usize) {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    metrics::gauge!("capstan_plugins", "state" => "used").set(number(used));
    metrics::gauge!("capstan_plugins", "state" => "refused").set(number(refused));
}
