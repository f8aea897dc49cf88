//! `capstan serve`: runs until told to stop, then ends recordings and drains what is owed.

use std::sync::Arc;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::assemble::Server;
use crate::clock::SystemClock;
use capstan_config::Config;

/// Serves until SIGINT or SIGTERM; a second signal ends at once.
///
/// # Errors
/// An address can't be had, or a folder can't be used.
pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let server = Server::start(config, Arc::new(SystemClock::start())).await?;
    for line in server.banner() {
        eprintln!("{line}");
    }
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can't be listened to")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT can't be listened to")?;
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM: ending recordings"),
        _ = interrupt.recv() => tracing::info!("SIGINT: ending recordings"),
    }
    tokio::select! {
        () = server.shut_down() => tracing::info!("bye"),
        _ = terminate.recv() => tracing::warn!("SIGTERM again: gone; tapes and outbox keep the rest"),
        _ = interrupt.recv() => tracing::warn!("SIGINT again: gone; tapes and outbox keep the rest"),
    }
    Ok(())
}
