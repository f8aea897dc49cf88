//! Where a recording's files go.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a recording's files go. It is kept on disk with each owed upload, credentials included,
/// since an upload must go on after a restart; `Debug` and logs never show `config`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StorageTarget {
    /// Which storage: a plugin's name, or `store` for the process's native one.
    pub storage: String,
    /// Its configuration, a JSON object. Secret.
    pub config: String,
}

/// Members of a configuration that say which bucket it is of, whoever's keys are beside them.
const PLACE: [&str; 4] = ["bucket", "endpoint", "region", "vendor"];

impl StorageTarget {
    /// Which bucket it is: the same for all keys that open it.
    #[must_use]
    pub fn bucket(&self) -> String {
        let config = serde_json::from_str(&self.config).unwrap_or(serde_json::Value::Null);
        let member = |name: &&str| {
            let inner = config.get("extensionParams").and_then(|params| params.get(*name));
            inner.or_else(|| config.get(*name))
        };
        let place: Vec<_> = PLACE.iter().map(member).collect();
        format!("{}{}", self.storage, serde_json::json!(place))
    }
}

impl fmt::Debug for StorageTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageTarget").field("storage", &self.storage).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_make_no_other_bucket() {
        let bucket = |storage: &str, config: &str| {
            StorageTarget { storage: storage.into(), config: config.into() }.bucket()
        };
        let one = bucket("s3", r#"{"bucket":"a","accessKey":"1","region":"x"}"#);
        assert_eq!(one, bucket("s3", r#"{"region":"x","accessKey":"2","bucket":"a"}"#));
        assert_ne!(one, bucket("s3", r#"{"region":"x","accessKey":"1","bucket":"b"}"#));
        assert_ne!(one, bucket("s4", r#"{"region":"x","accessKey":"1","bucket":"a"}"#));
        let elsewhere = r#"{"bucket":"a","region":"x","extensionParams":{"endpoint":"http://y"}}"#;
        assert_ne!(one, bucket("s3", elsewhere));
        assert_eq!(bucket("store", "{}"), bucket("store", "no JSON"));
    }
}
