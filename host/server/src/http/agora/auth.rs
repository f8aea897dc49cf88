//! Who calls: HTTP Basic against the apps of the configuration, in constant time.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::super::Context;
use super::super::error::{ApiError, Code, GatewayError};
use crate::config::App;

/// A caller whose credentials fit the app in the path.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The app's id.
    pub(crate) app: String,
}

/// Why a caller isn't let in.
pub(crate) enum Refused {
    /// Who calls isn't known.
    Gateway(GatewayError),
    /// They call for another app.
    Api(ApiError),
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
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let apps = &context.config.apps;
        check(apps, app, header, peer).map(|app| Self { app: app.id.clone() })
    }
}

fn check<'a>(
    apps: &'a [App],
    id: &str,
    header: Option<&str>,
    peer: Option<IpAddr>,
) -> Result<&'a App, Refused> {
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
    let fits: Vec<&App> = apps.iter().filter(|app| credentials(app).ct_eq(&given).into()).collect();
    if fits.is_empty() {
        return Err(unauthorized("no app has this key and secret"));
    }
    let app = fits.into_iter().find(|app| app.id == id).ok_or_else(|| {
        let detail = format!("appid {:?} is not the app of this key", cut(id));
        Refused::Api(ApiError::new(Code::InvalidAppId, detail))
    })?;
    if app.loopback_only && !peer.is_some_and(|peer| peer.to_canonical().is_loopback()) {
        return Err(unauthorized(
            "this app admits only clients on the server's own machine; give other clients an app \
             without loopback_only in the configuration",
        ));
    }
    Ok(app)
}

/// A digest of `key:secret`, so that comparing takes the same time whatever their lengths.
fn credentials(app: &App) -> sha2::digest::Output<Sha256> {
    let digest = Sha256::new().chain_update(&app.key).chain_update(b":");
    digest.chain_update(app.secret.reveal()).finalize()
}

fn cut(id: &str) -> String {
    id.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;
    use crate::config::Config;

    fn status(id: &str, header: Option<&str>, peer: [u8; 4]) -> StatusCode {
        let config = Config::load(None, []).unwrap();
        match check(&config.apps, id, header, Some(IpAddr::from(peer))) {
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
