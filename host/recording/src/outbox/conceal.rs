//! Keeps a storage's keys out of what is told of its failures: a store may echo what it was sent.
//!
//! Only values that stand under the name of a secret are hidden; bucket and endpoint stay readable.

use serde_json::Value;

use crate::ports::{StorageTarget, UploadError};

/// What the names of secrets have in them.
const NAMES: [&str; 5] = ["key", "secret", "token", "password", "credential"];
/// Shorter values would blot out words that only look like them.
const LEAST: usize = 4;
/// What stands where a secret stood.
const HIDDEN: &str = "(secret)";

/// The same failure without any secret of the storage's configuration in its words.
pub(super) fn concealed(error: UploadError, target: &StorageTarget) -> UploadError {
    let mut secrets = Vec::new();
    let config: Value = serde_json::from_str(&target.config).unwrap_or_default();
    collect(&config, false, &mut secrets);
    // The longest first: one may be a part of another.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let hide = |text: String| {
        secrets.iter().fold(text, |text, secret| text.replace(secret.as_str(), HIDDEN))
    };
    match error {
        UploadError::Transient { key, reason, retry_after_ms } => {
            UploadError::Transient { key, reason: hide(reason), retry_after_ms }
        }
        UploadError::Rejected { storage, code, reason } => {
            UploadError::Rejected { storage, code, reason: hide(reason) }
        }
        UploadError::Fault(fault) => {
            UploadError::Fault(crate::ports::Fault { detail: hide(fault.detail.clone()), ..fault })
        }
        // Mistakes in a configuration repeat no value.
        error @ (UploadError::File { .. } | UploadError::BadConfig { .. }) => error,
    }
}

fn collect(value: &Value, secret: bool, into: &mut Vec<String>) {
    match value {
        Value::String(text) if secret && text.len() >= LEAST => into.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| collect(value, secret, into)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            let name = name.to_ascii_lowercase();
            collect(value, NAMES.iter().any(|part| name.contains(part)), into);
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_of_keys_is_hidden_and_the_rest_is_readable() {
        let config = r#"{"bucket":"school","accessKey":"AKIA1","secretKey":"AKIA1/more","region":5,
            "inner":{"sasToken":["sig=1"]},"keyOfNothing":"x"}"#;
        let target = StorageTarget { storage: "s".into(), config: config.into() };
        let echo = "school: AKIA1 sent AKIA1/more with sig=1 in x";
        let readable = "school: (secret) sent (secret) with (secret) in x";
        let (key, storage) = ("k".to_owned(), "s".to_owned());
        let transient =
            UploadError::Transient { key, reason: echo.into(), retry_after_ms: Some(7) };
        let told = concealed(transient, &target).to_string();
        assert_eq!(told, format!("upload of k failed for now: {readable}"));
        let code = "denied".to_owned();
        let rejected = UploadError::Rejected { storage, code, reason: echo.into() };
        let told = concealed(rejected, &target).to_string();
        assert_eq!(told, format!("storage s refused: denied: {readable}"));
    }
}
