//! Fresh keys, or another storage, for files that haven't left.

use capstan_config::STORE;
use capstan_outbox::ports::StorageTarget;
use capstan_outbox::{Place, RetargetError};
use serde_json::{Map, Value};

use crate::error::RefreshError;
use crate::recorder::Recorder;

/// Fields of a storage's configuration that say who uploads, not where to.
const KEYS: [&str; 4] = ["accessKey", "secretKey", "stsToken", "stsExpiration"];

/// By what files go from now on. Secret.
pub enum Fresh {
    /// These fields over those of the configuration that they had.
    Keys(Map<String, Value>),
    /// Another configuration as a whole.
    Target(StorageTarget),
}

impl Recorder {
    /// Sends what hasn't left of a recording, running or ended, by fresh keys or elsewhere, and tries it
    /// at once. A session token doesn't outlive the access key that it was given with.
    ///
    /// # Errors
    /// Its files go as they went before.
    pub async fn refresh(&self, sid: &str, fresh: Fresh) -> Result<(), RefreshError> {
        let unknown = || RetargetError::Unknown { sid: sid.to_owned() };
        let before = self.parts.outbox.target(sid).ok_or_else(unknown)?;
        let target = match fresh {
            Fresh::Target(target) => target,
            Fresh::Keys(_) if before.storage == STORE => return Err(RefreshError::Own),
            Fresh::Keys(fields) => with_keys(&before, fields),
        };
        let place = if same_place(&before, &target) { Place::Same } else { Place::Other };
        self.parts.storages.open(&target)?;
        let (outbox, of) = (self.parts.outbox.clone(), sid.to_owned());
        let kept = tokio::task::spawn_blocking(move || outbox.retarget(&of, &target, place));
        kept.await.map_err(|_| RefreshError::Aborted)??;
        tracing::info!(sid, ?place, "the storage has fresh keys");
        Ok(())
    }
}

fn with_keys(before: &StorageTarget, fields: Map<String, Value>) -> StorageTarget {
    let mut config = configuration(before);
    if fields.contains_key("accessKey") {
        config.retain(|name, _| name != "stsToken" && name != "stsExpiration");
    }
    config.extend(fields);
    StorageTarget { storage: before.storage.clone(), config: Value::Object(config).to_string() }
}

/// Whether both are one bucket, by whatever keys.
fn same_place(one: &StorageTarget, other: &StorageTarget) -> bool {
    let place = |target: &StorageTarget| {
        let mut config = configuration(target);
        config.retain(|name, _| !KEYS.contains(&name.as_str()));
        config
    };
    one.storage == other.storage && place(one) == place(other)
}

fn configuration(target: &StorageTarget) -> Map<String, Value> {
    serde_json::from_str(&target.config).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn target(config: &Value) -> StorageTarget {
        StorageTarget { storage: "storage-s3".into(), config: config.to_string() }
    }

    #[test]
    fn keys_change_who_uploads_and_nothing_else_where_to() {
        let before =
            target(&json!({"bucket": "b", "accessKey": "a", "secretKey": "s", "stsToken": "t"}));
        let fields = json!({"accessKey": "c", "secretKey": "d"}).as_object().unwrap().clone();
        let after = with_keys(&before, fields);
        let expected = json!({"bucket": "b", "accessKey": "c", "secretKey": "d"});
        assert_eq!(Value::Object(configuration(&after)), expected, "the token was of the old key");
        assert!(same_place(&before, &after));
        let secret = json!({"secretKey": "e"}).as_object().unwrap().clone();
        assert!(with_keys(&before, secret).config.contains("stsToken"));
        assert!(!same_place(&before, &target(&json!({"bucket": "c", "accessKey": "a"}))));
        let elsewhere = StorageTarget { storage: "storage-aliyun".into(), ..before.clone() };
        assert!(!same_place(&before, &elsewhere));
    }
}
