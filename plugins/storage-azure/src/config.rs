//! Azure's configuration: in Agora's words `accessKey` is the account, `secretKey` its key, `bucket` the
//! container.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use capstan_kit::json::Wrong;
use capstan_store_kit::config::{self, Form, Own, USUAL_CUT};
use capstan_store_kit::place::{Addressing, Place, Store};
use capstan_store_kit::{Caching, Cut};

/// Members of the configuration that only this plugin has.
const OWN: Own = &[
    (
        "storage_class",
        r#"{ "type": "string", "description": "The access tier: Cool, for example" }"#,
    ),
    ("encryption_scope", r#"{ "type": "string", "description": "The container's own if unsaid" }"#),
];

/// A container, configured. It has no `Debug`: it holds secrets.
pub struct Azure {
    pub(crate) account: String,
    pub(crate) access: Access,
    /// With the container before the keys.
    pub(crate) place: Place,
    pub(crate) public_url: Option<String>,
    /// Headers of a new blob: tier, scope, tags.
    pub(crate) blob_headers: Vec<(String, String)>,
    pub(crate) caching: Caching,
    pub(crate) cut: Cut,
}

/// How requests are let in.
pub(crate) enum Access {
    /// Signed with the account's key.
    Key(Vec<u8>),
    /// By a shared access signature, which goes into the query as it is: names and values.
    Token(Vec<(String, String)>),
}

pub(crate) fn schema() -> String {
    config::schema(OWN)
}

pub(crate) fn parse(text: &str) -> Result<Azure, Vec<Wrong>> {
    config::read(text, OWN, |form| {
        let (credentials, container) = (form.credentials(), form.bucket());
        let access = credentials.as_ref().and_then(|who| match &who.token {
            Some(token) => Some(Access::Token(pairs(token))),
            None => key(form, &who.secret_key).map(Access::Key),
        });
        let account = credentials?.access_key;
        if !account.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
            form.top
                .wrong("accessKey", "must be the account's name: lower-case letters and digits");
        }
        let own = || Some(Store::secure(format!("{account}.blob.core.windows.net")));
        let store = form.endpoint().unwrap_or_else(own);
        let blob_headers = blob_headers(form);
        let (public_url, cut) = (form.public_url(), form.cut(USUAL_CUT));
        let caching = form.caching();
        let (store, container) = (store?, container?);
        // At a mere address, an emulator's, the account stands in the path.
        let container = container.to_owned();
        let path = if store.is_nameless() { format!("{account}/{container}") } else { container };
        let place = store.bucket(&path, Addressing::Path);
        let access = access?;
        Some(Azure { account, access, place, public_url, blob_headers, caching, cut })
    })
}

/// An account's key, of its base64.
#[must_use]
pub fn account_key(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

fn key(form: &mut Form<'_>, text: &str) -> Option<Vec<u8>> {
    let key = account_key(text);
    if key.is_none() {
        form.top.wrong("secretKey", "must be an account's key, in base64");
    }
    key
}

/// A shared access signature's parameters, decoded.
fn pairs(token: &str) -> Vec<(String, String)> {
    let pairs = token.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend(before.bytes());
        match after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => bytes.push(byte),
            None => bytes.push(b'%'),
        }
        rest = after.get(2..).unwrap_or_default();
    }
    bytes.extend(rest.bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

fn blob_headers(form: &mut Form<'_>) -> Vec<(String, String)> {
    if form.extra.text("sse").is_some_and(|sse| !sse.is_empty()) {
        form.extra.wrong("sse", "this vendor always encrypts; name an encryption_scope for a key");
    }
    let tier = form.visible("storage_class").map(|tier| ("x-ms-access-tier", tier.to_owned()));
    let scope = form.visible("encryption_scope");
    let scope = scope.map(|scope| ("x-ms-encryption-scope", scope.to_owned()));
    let tags = form.tags().map(|tags| ("x-ms-tags", tags));
    let headers = [tier, scope, tags].into_iter().flatten();
    headers.map(|(name, value)| (name.to_owned(), value)).collect()
}
