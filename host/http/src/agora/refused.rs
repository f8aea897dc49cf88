//! What plugins say of their configurations, in the words of the request that it came from.
//!
//! The invariant: a value is repeated only if it is of a field that never holds a secret.

use capstan_outbox::ports::{Mistake, UploadError};
use capstan_recording::layout::LayoutError;
use serde_json::Value;

use super::read::show;

/// Fields of `storageConfig` that reach a storage plugin. Whatever else is in its configuration is the
/// operator's.
const STORAGE_FIELDS: [&str; 7] =
    ["region", "bucket", "accessKey", "secretKey", "stsToken", "stsExpiration", "extensionParams"];
/// Those whose values may be repeated.
const SHOWN: [&str; 4] = ["/region", "/bucket", "/stsExpiration", "/extensionParams/sse"];

/// Where the recording API's requests name a storage.
pub(crate) const STORAGE: &str = "/clientRequest/storageConfig";
/// Where a request names a store of its own.
const ENDPOINT: &str = "/extensionParams/endpoint";

/// Why a storage can't be opened that `body` asks for at `within`.
pub(crate) fn storage(error: &UploadError, body: &Value, within: &str) -> String {
    let whole = if within.is_empty() { "the body" } else { within };
    let UploadError::BadConfig { mistakes, storage } = error else {
        // What isn't granted is what the request named, if it named a store at all.
        let denied = matches!(error, UploadError::Rejected { code, .. } if code == "not-granted");
        let at = format!("{within}{ENDPOINT}");
        let named = denied && body.pointer(&at).is_some_and(|value| !value.is_null());
        return format!("{}: {error}", if named { &at } else { whole });
    };
    let told = mistakes.0.iter().map(|mistake| storage_mistake(mistake, storage, body, within));
    let told = told.collect::<Vec<_>>().join("; ");
    if told.is_empty() { format!("{whole}: {error}") } else { told }
}

fn storage_mistake(mistake: &Mistake, storage: &str, body: &Value, within: &str) -> String {
    let Mistake { pointer, message } = mistake;
    let member = pointer.split('/').nth(1).unwrap_or_default();
    if !STORAGE_FIELDS.contains(&member) {
        return format!(
            "{within}/vendor: this server's configuration of the vendor doesn't fit {storage}: \
             {pointer}: {message}"
        );
    }
    let at = format!("{within}{pointer}");
    let value = body.pointer(&at).filter(|_| SHOWN.contains(&pointer.as_str()));
    sentence(&at, value, message)
}

/// Most plugins' words go on where the field's name ends, as those of the API's own checks do.
fn sentence(at: &str, value: Option<&Value>, message: &str) -> String {
    let goes_on = ["is ", "must "].iter().any(|verb| message.starts_with(verb));
    match (value, goes_on) {
        (None, true) => format!("{at} {message}"),
        (None, false) => format!("{at}: {message}"),
        (Some(value), true) => format!("{at} is {}; it {message}", show(value)),
        (Some(value), false) => format!("{at} is {}: {message}", show(value)),
    }
}

/// Why a layout can't be used that the object at `at` in `body` asks for.
pub(crate) fn layout(error: &LayoutError, body: &Value, at: &str) -> String {
    let options = format!("{at}/layout/options");
    if let LayoutError::Refused { reason, .. } = error
        && let Some((pointer, message)) = reason.split_once(": ")
        && pointer.starts_with('/')
        && let Some(value) = body.pointer(&format!("{options}{pointer}"))
    {
        return sentence(&format!("{options}{pointer}"), Some(value), message);
    }
    let named = body.pointer(&format!("{at}/layout")).is_some_and(Value::is_object);
    format!("{at}{}: {error}", if named { "/layout" } else { "" })
}

#[cfg(test)]
mod tests {
    use capstan_outbox::ports::Mistakes;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_storages_mistakes_are_those_of_the_requests_fields() {
        let storage_config = json!({"bucket": "a/b", "secretKey": "sesame", "vendor": 1});
        let body = json!({"clientRequest": {"storageConfig": storage_config}});
        let told = |pointer: &str, message: &str| {
            let mistake = Mistake { pointer: pointer.into(), message: message.into() };
            let mistakes = Mistakes(vec![mistake]);
            let error = UploadError::BadConfig { storage: "storage-s3".into(), mistakes };
            storage(&error, &body, STORAGE)
        };
        assert_eq!(
            told("/bucket", "must be letters"),
            "/clientRequest/storageConfig/bucket is \"a/b\"; it must be letters"
        );
        assert_eq!(
            told("/secretKey", "must be long"),
            "/clientRequest/storageConfig/secretKey must be long"
        );
        assert_eq!(
            told("/accessKey", "is missing"),
            "/clientRequest/storageConfig/accessKey is missing"
        );
        assert!(told("/bucket", "no slash").ends_with("bucket is \"a/b\": no slash"));
        let operators = told("/part_size", "must be a whole number");
        assert!(operators.starts_with("/clientRequest/storageConfig/vendor: "), "{operators}");
        assert!(operators.ends_with("storage-s3: /part_size: must be a whole number"));
        assert!(told("", "no").contains("storageConfig/vendor: "));
    }

    #[test]
    fn a_store_that_isnt_granted_is_the_one_that_the_request_names() {
        let denied = UploadError::Rejected {
            storage: "storage-s3".into(),
            code: "not-granted".into(),
            reason: "https://evil.example:443 is not granted".into(),
        };
        let silent = json!({"clientRequest": {"storageConfig": {"vendor": 1}}});
        let told = storage(&denied, &silent, STORAGE);
        assert_eq!(told, format!("/clientRequest/storageConfig: {denied}"));
        assert_eq!(storage(&denied, &json!({}), ""), format!("the body: {denied}"));
        let params = json!({"endpoint": "https://evil.example"});
        let named = json!({"clientRequest": {"storageConfig": {"extensionParams": params}}});
        let told = storage(&denied, &named, STORAGE);
        assert!(told.starts_with("/clientRequest/storageConfig/extensionParams/endpoint: "));
    }

    #[test]
    fn a_layouts_words_are_of_its_options() {
        let at = "/clientRequest";
        let body = json!({"clientRequest": {"layout": {"options": {"hold_ms": -1}}}});
        let refused = |reason: &str| LayoutError::Refused {
            layout: "layout-speaker".into(),
            reason: reason.into(),
        };
        assert_eq!(
            layout(&refused("/hold_ms: must be whole"), &body, at),
            "/clientRequest/layout/options/hold_ms is -1; it must be whole"
        );
        let other = refused("no such picture");
        assert_eq!(layout(&other, &body, at), format!("/clientRequest/layout: {other}"));
        let plain = json!({"clientRequest": {"mixedVideoLayout": 1}});
        assert_eq!(layout(&other, &plain, at), format!("/clientRequest: {other}"));
    }
}
