//! Logs: for eyes on a terminal, as JSON everywhere else; to stderr, so that output stays clean.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// The variable that chooses what is logged, `info,capstan_ingest=debug` for example.
pub const VARIABLE: &str = "CAPSTAN_LOG";

/// Our own news (a name stands for every crate that begins with it), and other libraries' troubles; the
/// publisher's WebRTC library warns of every address that it can't use and of every closed connection.
const DEFAULT: &str = "warn,capstan=info,webrtc=error";

/// Starts logging; a second call in one process does nothing.
///
/// # Errors
/// The filter in `directives` is malformed.
pub fn start(directives: Option<&str>) -> Result<(), ParseError> {
    let filter = EnvFilter::builder().parse(directives.unwrap_or(DEFAULT))?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    // A logger that is there already stays: the process logs in any case.
    let _already = if stderr().is_terminal() {
        logs.with_target(false).try_init()
    } else {
        logs.json().flatten_event(true).try_init()
    };
    Ok(())
}
