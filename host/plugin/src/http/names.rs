//! From a host's name to its addresses.

use std::io;
use std::net::SocketAddr;

use capstan_outbox::ports::BoxFuture;

/// Who knows the addresses of names.
pub(super) trait Resolver: Send + Sync {
    /// All addresses of a name now; the next answer may be another.
    fn look_up<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// The system's resolver.
pub(super) struct SystemResolver;

impl Resolver for SystemResolver {
    fn look_up<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}
