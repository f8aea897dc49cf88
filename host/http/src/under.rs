//! Requests below the path that a proxy lends the server, whether the proxy takes it off or not.

use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// What the server's paths begin with.
pub(crate) const ROOTS: [&str; 12] = [
    "v1",
    "na",
    "eu",
    "ap",
    "cn",
    "api",
    "whip",
    "recordings",
    "healthz",
    "readyz",
    "metrics",
    "openapi.json",
];

/// The request as if `base_path` weren't there, if something of the server's stands behind it.
pub(crate) fn without(base_path: &str, mut request: Request) -> Request {
    if let Some(uri) = shortened(base_path, request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

fn shortened(base_path: &str, uri: &Uri) -> Option<Uri> {
    let whole = uri.path_and_query()?.as_str();
    let rest = whole.strip_prefix(base_path)?;
    let first = rest.strip_prefix('/')?.split(['/', '?']).next()?;
    if !ROOTS.contains(&first) {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(rest.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lent_path_is_taken_off_and_nothing_else() {
        let short = |base, uri: &str| shortened(base, &uri.parse().unwrap()).map(|u| u.to_string());
        let whip = Some("/whip/demo/a%20b/7?x=/rec".to_owned());
        assert_eq!(short("/rec", "/rec/whip/demo/a%20b/7?x=/rec"), whip);
        assert_eq!(short("/a/rec", "/a/rec/healthz"), Some("/healthz".into()));
        for kept in ["/whip/demo/a/7", "/recordings/x/y", "/rec", "/rec/", "/rec/other", "/other"] {
            assert_eq!(short("/rec", kept), None, "{kept}");
        }
        // A base that is also the beginning of the server's own paths.
        assert_eq!(short("/v1", "/v1/apps/demo/cloud_recording/acquire"), None);
        assert_eq!(short("/v1", "/v1/v1/apps/demo"), Some("/v1/apps/demo".into()));
    }
}
