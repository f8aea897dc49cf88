//! Takes connections until the process ends, bounded in number and in patience: whoever says nothing has
//! to go when others want to speak, so that no number of silent connections keeps anybody out.

mod bodies;
mod places;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use self::bodies::{Hasty, Held};
use self::places::{Place, Places};
use crate::context::Context;
use crate::router::router;

/// How long a client may take to read a part of its answer.
const READS: Duration = Duration::from_secs(60);
/// How long a request's whole body may take to come.
const BODY: Duration = Duration::from_secs(30);
/// The pause after the system refused another connection, for want of files for example.
const PAUSE: Duration = Duration::from_millis(100);

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at one time.
    pub connections: usize,
    /// How long one may be silent before and between its requests, and in the head of one.
    pub silence: Duration,
}

/// Answers on `listener` until `stop`; then what is under way comes to its end.
pub async fn serve(
    listener: TcpListener,
    context: Context,
    limits: Limits,
    stop: CancellationToken,
) {
    let app = router(context);
    let places = Arc::new(Places::new(limits.connections));
    let mut talks = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let place = tokio::select! {
                        place = places.enter() => place,
                        () = stop.cancelled() => break,
                    };
                    let (app, stop) = (app.clone(), stop.clone());
                    talks.spawn(talk(stream, peer, app, place, limits.silence, stop));
                }
                Err(error) => refused(&places, &error).await,
            },
            Some(_) = talks.join_next() => {}
            () = stop.cancelled() => break,
        }
    }
    drop(listener);
    while talks.join_next().await.is_some() {}
}

/// The system has no connection for us: a stranger's fault, or there is nothing left to take it with.
async fn refused(places: &Places, error: &std::io::Error) {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    let made_room = places.make_room();
    tracing::warn!(%error, made_room, "HTTP connections can't be taken");
    tokio::time::sleep(PAUSE).await;
}

/// One connection, request after request.
async fn talk(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    place: Arc<Place>,
    silence: Duration,
    stop: CancellationToken,
) {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(READS));
    let service = service_fn(|request: Request<Incoming>| {
        let busy = place.busy();
        let mut request = request.map(|body| Body::new(Hasty::new(body, BODY)));
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = app.clone().oneshot(request);
        async move { answer.await.map(|response| response.map(|body| Held::new(body, busy))) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(silence);
    let connection = builder.serve_connection(TokioIo::new(Box::pin(stream)), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        // Dropped as it is: nothing was under way.
        () = place.wanted() => return,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection broke off");
    }
}
