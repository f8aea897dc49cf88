//! WHIP (RFC 9725): a publisher posts an offer and gets an answer; deleting the session ends it.
//!
//! To mount: merge `whip::routes(Whip { .. })` at the root of the HTTP service (`Location` repeats
//! the request's path behind `Whip::base_path`), and serve it with `into_make_service_with_connect_info::<SocketAddr>()` so
//! that apps for loopback clients can be told apart. `Whip::apps` answers what an app asks of its
//! publishers, or `None` for an unknown app; `Whip::origins` are the web origins that may publish
//! (`"*"` for all). Every refusal is a problem document (RFC 9457) that says what to change.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::header::{
    ALLOW, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, LINK, LOCATION, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, post};
use capstan_ingest::{Generation, Ingest, PatchError, Patched, PublishError};
use capstan_media::track::{RoomId, Uid};
use serde_json::json;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::openapi::{Content, Operation, Reply};
use crate::origins::admits;
use crate::room_name;

/// Longer bodies are refused unread. Ingest's own limit on offers is the same or lower.
const MAX_BODY: usize = 64 << 10;
/// What an offer and an answer are.
const SDP: &str = "application/sdp";
/// What candidates and new ICE credentials are (RFC 8840).
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";
/// How long a publisher that found the server full should wait, in seconds.
const RETRY_SECONDS: &str = "10";
/// How long a browser may remember the answer to a preflight.
const PREFLIGHT_AGE: Duration = Duration::from_secs(3_600);

/// What the WHIP endpoint needs.
#[derive(Clone)]
pub(crate) struct Whip {
    /// Where publishers go.
    pub(crate) ingest: Ingest,
    /// What an app asks of its publishers; `None` for an unknown app.
    pub(crate) apps: Apps,
    /// Web origins whose pages may publish to apps that name none of their own; `"*"` for all.
    pub(crate) origins: Vec<String>,
    /// What stands before `/whip` where publishers reach this server, without a slash at the end.
    pub(crate) base_path: String,
}

/// Looks an app up by its id.
pub(crate) type Apps = Arc<dyn Fn(&str) -> Option<WhipApp> + Send + Sync>;

/// What an app asks of its publishers.
#[derive(Clone, Default)]
pub(crate) struct WhipApp {
    /// The bearer token that they must show, if any.
    pub(crate) token: Option<String>,
    /// Whether they must be on this machine.
    pub(crate) loopback_only: bool,
    /// Web origins whose pages may publish, if not those of all apps.
    pub(crate) origins: Option<Vec<String>>,
}

/// The endpoint's routes, for a service with any state.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(whip: Whip) -> Router<S> {
    let cors = cors(&whip);
    // A slash at the end changes nothing.
    ["", "/"]
        .into_iter()
        .fold(Router::new(), |router, end| {
            let room = format!("/whip/{{app}}/{{room}}/{{uid}}{end}");
            let session = format!("/whip/{{app}}/{{room}}/{{uid}}/{{session}}{end}");
            router
                .route(&room, post(publish).fallback(only_post))
                .route(&session, delete(self::end).patch(patch).fallback(only_session))
        })
        .layer(cors)
        .layer(middleware::from_fn(accept_post))
        .with_state(whip)
}

/// What the routes are.
pub(crate) fn operations() -> Vec<Operation> {
    const TAG: &str = "Publish (WHIP, RFC 9725)";
    let refused = |operation: Operation| {
        operation
            .reply(Reply::problem(400, "The room, the uid or the offer is wrong"))
            .reply(Reply::problem(401, "The app's token is missing or wrong"))
            .reply(Reply::problem(403, "The app takes publishers on this machine only"))
            .reply(Reply::problem(404, "No such app or session"))
            .for_publishers()
    };
    let publish = Operation::new("Publish to a room: post an offer, get an answer", TAG)
        .at("post", "/whip/{app}/{room}/{uid}")
        .body(Content::text("application/sdp"))
        .reply(Reply::with(
            201,
            "The answer; Location is the session",
            Content::text("application/sdp"),
        ))
        .reply(Reply::problem(413, "The offer is too long"))
        .reply(Reply::problem(415, "The offer isn't application/sdp"))
        .reply(Reply::problem(422, "There is nothing in the offer that can be taken"))
        .reply(Reply::problem(503, "The server is full"));
    let end = Operation::new("End a publisher's session", TAG)
        .at("delete", "/whip/{app}/{room}/{uid}/{session}")
        .reply(Reply::empty(200, "It has ended"));
    let patch = Operation::new("Tell candidates of a session, or restart its ICE", TAG)
        .at("patch", "/whip/{app}/{room}/{uid}/{session}")
        .body(Content::text(FRAGMENT))
        .reply(Reply::with(200, "ICE starts anew: our side", Content::text(FRAGMENT)))
        .reply(Reply::empty(204, "Candidates are noted"))
        .reply(Reply::problem(412, "The session's ICE is at another generation"))
        .reply(Reply::problem(413, "The fragment is too long"))
        .reply(Reply::problem(415, "The fragment isn't application/trickle-ice-sdpfrag"))
        .reply(Reply::problem(428, "If-Match is missing"));
    [publish, end, patch].into_iter().map(refused).collect()
}

async fn publish(
    State(whip): State<Whip>,
    Path((app, room, uid)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Refusal> {
    let (room, uid) = whip.admit(&request, app, room, &uid)?;
    let from = client(&request);
    let (parts, body) = request.into_parts();
    require_type(&parts.headers, SDP, "accept-post")?;
    let offer = read(body).await?;
    let published = whip.ingest.publish(room, uid, from, &offer).await?;
    let path = parts.uri.path().trim_end_matches('/');
    let location = format!("{}{path}/{}", whip.base_path, published.session);
    let headers = [
        (CONTENT_TYPE, "application/sdp".to_owned()),
        (LOCATION, location),
        (ETAG, published.etag),
    ];
    Ok((StatusCode::CREATED, headers, published.answer).into_response())
}

async fn end(
    State(whip): State<Whip>,
    Path((app, room, uid, session)): Path<(String, String, String, String)>,
    request: Request,
) -> Result<Response, Refusal> {
    let (room, uid) = whip.admit(&request, app, room, &uid)?;
    whip.ingest.delete(&room, uid, &session).await.map_err(|_| Refusal::no_session())?;
    Ok(StatusCode::OK.into_response())
}

/// Trickle ICE and ICE restarts (RFC 9725, 4.3).
async fn patch(
    State(whip): State<Whip>,
    Path((app, room, uid, session)): Path<(String, String, String, String)>,
    request: Request,
) -> Result<Response, Refusal> {
    let (room, uid) = whip.admit(&request, app, room, &uid)?;
    let (parts, body) = request.into_parts();
    require_type(&parts.headers, FRAGMENT, "accept-patch")?;
    let generation = generation(&parts.headers)?;
    let fragment = read(body).await?;
    match whip.ingest.patch(&room, uid, &session, generation, &fragment).await? {
        Patched::Noted => Ok(StatusCode::NO_CONTENT.into_response()),
        Patched::Restarted { fragment, etag } => {
            let headers = [(CONTENT_TYPE, FRAGMENT.to_owned()), (ETAG, etag)];
            Ok((StatusCode::OK, headers, fragment).into_response())
        }
    }
}

/// What `If-Match` says.
fn generation(headers: &HeaderMap) -> Result<Generation, Refusal> {
    match headers.get(IF_MATCH).map(|value| value.to_str().map(str::trim)) {
        Some(Ok("*")) => Ok(Generation::Any),
        Some(Ok(tag)) => Ok(Generation::Tagged(tag.to_owned())),
        Some(Err(_)) => {
            let detail = "If-Match isn't text: send the ETag of the session, or *";
            Err(Refusal::new(StatusCode::BAD_REQUEST, "bad-tag", detail))
        }
        None => {
            let detail = "send If-Match with the ETag of the session for candidates, with * for an \
                          ICE restart";
            Err(Refusal::new(StatusCode::PRECONDITION_REQUIRED, "no-tag", detail))
        }
    }
}

async fn only_post() -> Refusal {
    let detail = "POST an SDP offer here to publish";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method", detail).with(ALLOW, "POST, OPTIONS")
}

async fn only_session() -> Refusal {
    let detail =
        "DELETE this session to stop publishing, PATCH it with candidates or to restart ICE";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method", detail)
        .with(ALLOW, "DELETE, PATCH, OPTIONS")
}

/// RFC 9725 (4.2): an answer to OPTIONS names the media types that POST and PATCH take.
async fn accept_post(request: Request, next: Next) -> Response {
    let options = request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    if options {
        let headers = response.headers_mut();
        headers.insert("accept-post", HeaderValue::from_static(SDP));
        headers.insert("accept-patch", HeaderValue::from_static(FRAGMENT));
    }
    response
}

/// Lets pages of an app's origins read what is answered, refusals too; below other paths those of all.
pub(crate) fn cors(whip: &Whip) -> CorsLayer {
    let (apps, all) = (Arc::clone(&whip.apps), whip.origins.clone());
    let allowed = move |origin: &HeaderValue, parts: &Parts| {
        let app = parts.uri.path().strip_prefix("/whip/").and_then(|rest| rest.split('/').next());
        let own = app.and_then(|app| apps(app)).and_then(|app| app.origins);
        admits(own.as_ref().unwrap_or(&all), origin)
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(allowed))
        .allow_methods([Method::POST, Method::DELETE, Method::PATCH, Method::OPTIONS])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, IF_MATCH])
        .expose_headers([LOCATION, ETAG, LINK])
        .max_age(PREFLIGHT_AGE)
}

impl Whip {
    /// Who wants to do something to whom, if the app lets them.
    fn admit(
        &self,
        request: &Request,
        app: String,
        name: String,
        uid: &str,
    ) -> Result<(RoomId, Uid), Refusal> {
        let Some(rules) = (self.apps)(&app) else {
            let detail = format!("app {:?} is not configured on this server", brief(&app));
            return Err(Refusal::new(StatusCode::NOT_FOUND, "unknown-app", detail));
        };
        if rules.loopback_only && !from_loopback(request) {
            let detail = "this app takes publishers on the server's own machine only; \
                          configure an app with a token for others";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "loopback-only", detail));
        }
        if let Some(token) = &rules.token {
            require_token(request.headers(), token)?;
        }
        if let Some(mistake) = room_name::mistake(&name) {
            let detail = format!("the room's name {mistake}");
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "bad-room", detail));
        }
        let uid = uid
            .parse::<Uid>()
            .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, "bad-uid", error.to_string()))?;
        Ok((RoomId { app, name }, uid))
    }
}

fn from_loopback(request: &Request) -> bool {
    client(request).is_loopback()
}

/// Where a request comes from: a publisher, or a proxy before it.
fn client(request: &Request) -> IpAddr {
    let client = request.extensions().get::<ConnectInfo<SocketAddr>>();
    client.map_or(Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(address)| address.ip().to_canonical())
}

fn require_token(headers: &HeaderMap, token: &str) -> Result<(), Refusal> {
    let unauthorized = |challenge: &'static str, detail: &str| {
        Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
            .with(WWW_AUTHENTICATE, challenge)
    };
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some((scheme, shown)) = shown.and_then(|value| value.split_once(' ')) else {
        let detail = "send the app's publishing token as `Authorization: Bearer <token>`";
        return Err(unauthorized(r#"Bearer realm="whip""#, detail));
    };
    // Digests have one length, so the comparison's time tells nothing about the token's.
    let same = Sha256::digest(shown.trim()).ct_eq(&Sha256::digest(token));
    if scheme.eq_ignore_ascii_case("bearer") && bool::from(same) {
        return Ok(());
    }
    let challenge = r#"Bearer realm="whip", error="invalid_token""#;
    Err(unauthorized(challenge, "the token is not the one configured for this app"))
}

fn require_type(
    headers: &HeaderMap,
    wanted: &'static str,
    told_by: &'static str,
) -> Result<(), Refusal> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = given.split(';').next().unwrap_or("").trim();
    if essence.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let detail = format!("send the body as Content-Type: {wanted}, not {:?}", brief(given));
    Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type", detail)
        .with(HeaderName::from_static(told_by), wanted))
}

async fn read(body: Body) -> Result<String, Refusal> {
    let bytes = to_bytes(body, MAX_BODY).await.map_err(|_| {
        let detail = format!("the body breaks off or is longer than {MAX_BODY} bytes");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
    })?;
    String::from_utf8(bytes.into()).map_err(|_| {
        Refusal::new(StatusCode::BAD_REQUEST, "bad-sdp", "the offer is not UTF-8 text")
    })
}

/// A stranger's words in a message, cut.
fn brief(text: &str) -> String {
    text.chars().take(64).collect()
}

/// A refused request: status, the problem's name and what to change.
struct Refusal {
    status: StatusCode,
    problem: &'static str,
    detail: String,
    header: Option<(HeaderName, &'static str)>,
}

impl Refusal {
    fn new(status: StatusCode, problem: &'static str, detail: impl Into<String>) -> Self {
        Self { status, problem, detail: detail.into(), header: None }
    }

    fn no_session() -> Self {
        let detail = "there is no such session: it ended, or another one has taken its place";
        Self::new(StatusCode::NOT_FOUND, "no-session", detail)
    }

    fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }
}

impl From<PatchError> for Refusal {
    fn from(error: PatchError) -> Self {
        let (status, problem) = match &error {
            PatchError::NoSession(_) => return Self::no_session(),
            PatchError::OtherGeneration { .. } => (StatusCode::PRECONDITION_FAILED, "other-tag"),
            PatchError::BadFragment { .. } => (StatusCode::BAD_REQUEST, "bad-fragment"),
            PatchError::NoRandomness => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        Self::new(status, problem, error.to_string())
    }
}

impl From<PublishError> for Refusal {
    fn from(error: PublishError) -> Self {
        let (status, problem, advice) = match &error {
            PublishError::TooLarge { .. } => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "offer fewer codecs or sections")
            }
            PublishError::BadSdp { .. } => (
                StatusCode::BAD_REQUEST,
                "bad-sdp",
                "send a complete WebRTC offer with ICE credentials, a DTLS fingerprint and BUNDLE",
            ),
            PublishError::NoMedia => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "no-media",
                "add an audio or video section that is sendonly or sendrecv",
            ),
            PublishError::NoUsableCodec { .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "no-usable-codec",
                "offer Opus for audio and VP8, VP9, H.264 or AV1 for video",
            ),
            PublishError::ServerFull { .. } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "server-full",
                "try again later, or raise the server's limit of publishers",
            ),
            PublishError::TooManyWaiting { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "too-many-waiting", "try again in some seconds")
            }
            PublishError::Stopped => {
                (StatusCode::SERVICE_UNAVAILABLE, "stopping", "try again later")
            }
            PublishError::NoRandomness => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "look at the server's log")
            }
        };
        let refusal = Self::new(status, problem, format!("{error}; {advice}"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return refusal.with(RETRY_AFTER, RETRY_SECONDS);
        }
        refusal
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({
            "type": format!("urn:capstan:problem:whip:{}", self.problem),
            "title": self.status.canonical_reason().unwrap_or("Refused"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let headers = [(CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, headers, body.to_string()).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

#[cfg(test)]
mod tests;
