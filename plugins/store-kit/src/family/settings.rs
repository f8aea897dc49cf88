//! What every vendor of S3's family is configured with.

use super::Names;
use crate::caching::Caching;
use crate::config::{Credentials, Form, USUAL_CUT};
use crate::place::{Addressing, Place, Store};
use crate::vendor::Cut;

/// Checked settings. They have no `Debug`: they hold secrets.
pub struct Settings {
    /// Who uploads.
    pub credentials: Credentials,
    /// The region's name.
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// Where the bucket answers.
    pub place: Place,
    /// What stands before a key in the URLs that are told, if not the place.
    pub public_url: Option<String>,
    /// Headers of a new object: storage class, encryption, tags.
    pub object_headers: Vec<(String, String)>,
    /// For how long objects may be kept.
    pub caching: Caching,
    /// How files are cut.
    pub cut: Cut,
}

impl Settings {
    /// Reads them; `vendors_own` is the vendor's store of a region.
    pub fn read(
        form: &mut Form<'_>,
        names: &Names,
        region: Option<String>,
        vendors_own: impl FnOnce(&str) -> Option<String>,
    ) -> Option<Self> {
        let credentials = form.credentials();
        if !names.tokens && credentials.as_ref().is_some_and(|who| who.token.is_some()) {
            form.top.wrong("stsToken", "this vendor has no temporary credentials");
        }
        let bucket = form.bucket();
        let endpoint = form.endpoint();
        let elsewhere = endpoint.is_some();
        let store = match endpoint {
            Some(store) => store,
            None => region.as_deref().and_then(|region| {
                let host = vendors_own(region);
                if host.is_none() {
                    form.top.wrong("region", "is none of the vendor's; name an endpoint");
                }
                host.map(Store::secure)
            }),
        };
        let place = bucket.zip(store).map(|(bucket, store)| {
            let own = !elsewhere || store.is_in(names.domain);
            let addressing = addressing(form, names, &store, own, bucket);
            store.bucket(bucket, addressing)
        });
        let (object_headers, cut) = (object_headers(form, names), form.cut(USUAL_CUT));
        let (public_url, caching) = (form.public_url(), form.caching());
        Some(Self {
            credentials: credentials?,
            region: region?,
            bucket: bucket?.into(),
            place: place?,
            public_url,
            object_headers,
            caching,
            cut,
        })
    }
}

/// Unless told otherwise: virtual hosts at the vendor (paths where the bucket's name is no single
/// label, which a wildcard certificate wouldn't cover), paths at a mere address.
fn addressing(
    form: &mut Form<'_>,
    names: &Names,
    store: &Store,
    own: bool,
    bucket: &str,
) -> Addressing {
    let label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match form.top.text("addressing") {
        None if store.is_nameless() => Addressing::Path,
        None if own && bucket.bytes().all(label) => Addressing::Virtual,
        None if own => Addressing::Path,
        None => names.elsewhere,
        Some("path") => Addressing::Path,
        Some("domain") => Addressing::Domain,
        Some("virtual") => {
            if store.is_nameless() || bucket.bytes().any(|byte| !label(byte) && byte != b'.') {
                let wrong = "can't be virtual: bucket and endpoint make no host name";
                form.top.wrong("addressing", wrong);
            }
            Addressing::Virtual
        }
        Some(_) => {
            form.top.wrong("addressing", "must be path, virtual or domain");
            Addressing::Path
        }
    }
}

/// What a new object is created with.
fn object_headers(form: &mut Form<'_>, names: &Names) -> Vec<(String, String)> {
    let mut headers = encryption(form, names);
    let own = |name: &str, value: String| (format!("{}{name}", names.prefix), value);
    headers.extend(form.visible("storage_class").map(|class| own("storage-class", class.into())));
    if let Some(tags) = form.tags() {
        if !names.tagging {
            form.extra.wrong("tag", "this vendor takes no tags");
        }
        headers.push(own("tagging", tags));
    }
    headers
}

fn encryption(form: &mut Form<'_>, names: &Names) -> Vec<(String, String)> {
    let key_id = form.visible("sse_kms_key_id");
    let sse = form.extra.text("sse").unwrap_or_default();
    let aes256 = sse.eq_ignore_ascii_case("aes256");
    if sse.is_empty() {
        return Vec::new();
    }
    let name = format!("{}server-side-encryption", names.prefix);
    match (names.encryption, names.encryption.and_then(|encryption| encryption.kms)) {
        (Some(encryption), _) if aes256 => vec![(name, encryption.aes256.into())],
        (_, Some((value, key_header))) if ["kms", "aws:kms"].contains(&sse) => {
            let key = key_id.map(|id| (key_header.to_owned(), id.to_owned()));
            std::iter::once((name, value.into())).chain(key).collect()
        }
        (None, _) => {
            form.extra.wrong("sse", "this vendor can't be asked for it");
            Vec::new()
        }
        (Some(_), None) => {
            form.extra.wrong("sse", "must be aes256");
            Vec::new()
        }
        (Some(_), Some(_)) => {
            form.extra.wrong("sse", "must be aes256 or kms");
            Vec::new()
        }
    }
}
