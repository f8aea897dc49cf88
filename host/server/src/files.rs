//! How many files the process may have open, and who gets them: recordings before connections.

use capstan_config::Config;

/// Files of a process that does nothing: its libraries, sockets, databases, pipes to what it compiles.
const ALWAYS: u64 = 128;
/// Files of one recording: a tape for each track, what is being written, uploads under way.
const A_RECORDING: u64 = 64;
/// A connection's socket, and the file that it plays.
const A_CONNECTION: u64 = 2;
/// As many connections are served in any case: without any the server is of no use.
const LEAST_CONNECTIONS: u64 = 16;

/// Raises the limit as far as the system lets this process, and answers it; `None` if it doesn't tell.
pub fn raise_limit() -> Option<u64> {
    let raised = rlimit::increase_nofile_limit(u64::MAX);
    raised.map_err(|error| tracing::warn!(%error, "the limit of open files can't be raised")).ok()
}

/// How many connections leave recordings the files that they may need.
#[must_use]
pub fn connections(config: &Config, limit: Option<u64>) -> usize {
    let wanted = config.http.max_connections;
    let Some(limit) = limit else { return wanted };
    let recordings = u64::try_from(config.recording.max_recordings).unwrap_or(u64::MAX);
    let reserve = recordings.saturating_mul(A_RECORDING).saturating_add(ALWAYS);
    let left = (limit.saturating_sub(reserve) / A_CONNECTION).max(LEAST_CONNECTIONS);
    let granted = wanted.min(usize::try_from(left).unwrap_or(usize::MAX));
    if granted < wanted {
        tracing::warn!(
            limit,
            reserve,
            connections = granted,
            "the system grants this process few open files: connections give way to recordings; \
             raise the limit (ulimit -n, LimitNOFILE) or lower recording.max_recordings"
        );
    }
    granted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_have_their_files_before_connections() {
        let mut config = Config::load(None, []).unwrap();
        assert_eq!(config.recording.max_recordings, 8);
        assert_eq!(connections(&config, None), 1_024);
        assert_eq!(connections(&config, Some(1 << 20)), 1_024);
        assert_eq!(connections(&config, Some(1_024)), 192);
        assert_eq!(connections(&config, Some(64)), 16);
        config.recording.max_recordings = 2;
        assert_eq!(connections(&config, Some(1_024)), 384);
        config.http.max_connections = 5;
        assert_eq!(connections(&config, Some(64)), 5);
    }
}
