//! Who calls: HTTP Basic against the apps of the configuration, in constant time; and how often.
//!
//! A pair of key and secret may open several apps, as a customer's pair does at Agora. Nobody is
//! counted who isn't known.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, RawPathParams};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::error::{ApiError, Code};
use crate::context::Context;
use crate::gateway::GatewayError;
use crate::problem::Problem;
use capstan_config::{App, Credential};

/// A caller whose credentials fit the app in the path.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The app's id.
    pub(crate) app: String,
}

/// A caller whose credentials fit these apps.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    /// The apps' ids; at least one.
    pub(crate) apps: Vec<String>,
}

/// Why a caller isn't let in.
pub(crate) enum Refused {
    /// Who calls isn't known.
    Gateway(GatewayError),
    /// They call for another app.
    Api(ApiError),
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Gateway(error) => Self::new(error.status, "gateway", error.message),
            Refused::Api(error) => Self::query(error.reason()),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Gateway(error) => error.into_response(),
            Self::Api(error) => error.into_response(),
        }
    }
}

impl FromRequestParts<Context> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Refused> {
        let path = RawPathParams::from_request_parts(parts, context)
            .await
            .map_err(|error| Refused::Gateway(GatewayError::no_route(&error.to_string())))?;
        let app = path.iter().find(|(name, _)| *name == "appid").map_or("", |(_, value)| value);
        let known = known(&context.config.apps, parts)?;
        let app = open(&known, app)?;
        limit(context, app, parts)?;
        Ok(Self { app: app.id.clone() })
    }
}

impl FromRequestParts<Context> for Owner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Problem> {
        let known = known(&context.config.apps, parts)?;
        if let Some(app) = known.first() {
            limit(context, app, parts)?;
        }
        Ok(Self { apps: known.into_iter().map(|app| app.id.clone()).collect() })
    }
}

/// Refuses a request beyond the app's rate for its method.
fn limit(context: &Context, app: &App, parts: &Parts) -> Result<(), Refused> {
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let method = route.rsplit('/').next().unwrap_or_default();
    let limit = app.requests_per_second;
    if context.rates.take(&app.id, method, limit, context.clock.now()) {
        return Ok(());
    }
    Err(Refused::Gateway(GatewayError::too_many(limit)))
}

/// The apps that the caller's credentials fit.
fn known<'a>(apps: &'a [App], parts: &Parts) -> Result<Vec<&'a App>, Refused> {
    let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    check(apps, header, peer)
}

/// The app of that id among those that the caller's credentials fit.
fn open<'a>(known: &[&'a App], id: &str) -> Result<&'a App, Refused> {
    known.iter().find(|app| app.id == id).copied().ok_or_else(|| {
        let detail = format!("appid {:?} is not an app of this key", cut(id));
        Refused::Api(ApiError::new(Code::InvalidAppId, detail))
    })
}

fn check<'a>(
    apps: &'a [App],
    header: Option<&str>,
    peer: Option<IpAddr>,
) -> Result<Vec<&'a App>, Refused> {
    let unauthorized = |detail: &str| Refused::Gateway(GatewayError::unauthorized(detail));
    let header = header.ok_or_else(|| {
        unauthorized("send the header Authorization: Basic base64(key:secret) of your app")
    })?;
    let encoded = header
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .map(|(_, encoded)| encoded.trim())
        .ok_or_else(|| unauthorized("the Authorization header must begin with \"Basic \""))?;
    let given = STANDARD
        .decode(encoded)
        .map_err(|_| unauthorized("what follows \"Basic \" must be base64 of key:secret"))?;
    let given = Sha256::digest(given);
    // Every app is compared, so that the time tells nothing about which one nearly fitted.
    let mut fits: Vec<&App> = apps.iter().filter(|app| opens(app, &given)).collect();
    if fits.is_empty() {
        return Err(unauthorized("no app has this key and secret"));
    }
    if !peer.is_some_and(|peer| peer.to_canonical().is_loopback()) {
        fits.retain(|app| !app.loopback_only);
    }
    if fits.is_empty() {
        return Err(unauthorized(
            "this app admits only clients on the server's own machine; give other clients an app \
             without loopback_only in the configuration",
        ));
    }
    Ok(fits)
}

/// Whether one of the app's pairs is the given one. All are compared.
fn opens(app: &App, given: &sha2::digest::Output<Sha256>) -> bool {
    let same = |pair: &Credential| bool::from(digest(pair).ct_eq(given));
    app.keys.iter().fold(false, |found, pair| found | same(pair))
}

/// A digest of `key:secret`, so that comparing takes the same time whatever their lengths.
fn digest(pair: &Credential) -> sha2::digest::Output<Sha256> {
    let digest = Sha256::new().chain_update(&pair.key).chain_update(b":");
    digest.chain_update(pair.secret.reveal()).finalize()
}

fn cut(id: &str) -> String {
    id.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;
    use capstan_config::Config;

    fn status(id: &str, header: Option<&str>, peer: [u8; 4]) -> StatusCode {
        let config = Config::load(None, []).unwrap();
        let known = check(&config.apps, header, Some(IpAddr::from(peer)));
        match known.and_then(|known| open(&known, id)) {
            Ok(app) => {
                assert_eq!(app.id, id);
                StatusCode::OK
            }
            Err(refused) => refused.into_response().status(),
        }
    }

    #[test]
    fn only_the_right_pair_for_the_right_app_passes() {
        let header = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        let right = header("demo:demo");
        let here = [127, 0, 0, 1];
        assert_eq!(status("demo", Some(&right), here), StatusCode::OK);
        assert_eq!(status("other", Some(&right), here), StatusCode::BAD_REQUEST);
        assert_eq!(status("demo", Some(&right), [192, 0, 2, 1]), StatusCode::UNAUTHORIZED);
        assert_eq!(status("demo", None, here), StatusCode::UNAUTHORIZED);
        let bare = right.trim_start_matches("Basic ");
        for wrong in
            [&header("demo:Demo"), &header("demo"), &header(":"), "Basic %%", "Basic", bare]
        {
            assert_eq!(status("demo", Some(wrong), here), StatusCode::UNAUTHORIZED, "{wrong}");
        }
    }
}
