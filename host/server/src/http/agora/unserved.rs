//! Fields of the API that are known but not served: refused by name, so that nobody believes that
//! they work.

use super::read::{BadField, Object};

const YET: &str = "is not served yet; leave it out";
/// The entry of a list of uids that stands for everybody.
const EVERYBODY: &str = "#allstream#";

/// Refuses what `start` of a mixed recording doesn't serve.
pub(crate) fn start(request: Object<'_>) -> Result<(), BadField> {
    for key in ["snapshotConfig", "extensionServiceConfig", "transcodeOptions"] {
        if request.value(key).is_some() {
            return Err(request.refuse(key, YET));
        }
    }
    request.object("appsCollection", |apps| match apps.text("combinationPolicy")? {
        None | Some("default") => Ok(()),
        Some(_) => Err(apps.refuse("combinationPolicy", YET)),
    })?;
    request.object("recordingFileConfig", |files| {
        let kinds = files.texts("avFileType", 8)?.unwrap_or_default();
        match kinds.iter().position(|kind| *kind != "hls") {
            None => Ok(()),
            Some(index) => {
                let what = "is not served yet; [\"hls\"] is";
                Err(files.refuse(&format!("avFileType/{index}"), what))
            }
        }
    })?;
    request.object("recordingConfig", |config| {
        if config.integer("decryptionMode", 0..=8)?.is_some_and(|mode| mode != 0) {
            return Err(config.refuse("decryptionMode", "is not served yet; 0 (none) is"));
        }
        if config.integer("videoStreamType", 0..=1)? == Some(1) {
            return Err(config.refuse("videoStreamType", "1 is not served yet; 0 is"));
        }
        if config.text("streamMode")?.is_some_and(|mode| mode != "default") {
            return Err(config.refuse("streamMode", "is not served yet; \"default\" is"));
        }
        subscriptions(&config)
    })
}

/// Refuses lists that choose whom to record.
fn subscriptions(config: &Object<'_>) -> Result<(), BadField> {
    const LISTS: [&str; 6] = [
        "subscribeAudioUids",
        "subscribeVideoUids",
        "unSubscribeAudioUids",
        "unSubscribeVideoUids",
        "unsubscribeAudioUids",
        "unsubscribeVideoUids",
    ];
    for key in LISTS {
        let uids = config.texts(key, 32)?.unwrap_or_default();
        let everybody = key.starts_with("sub") && uids == [EVERYBODY];
        if !uids.is_empty() && !everybody {
            let what = "is not served yet: everybody in the room is recorded; leave it out";
            return Err(config.refuse(key, what));
        }
    }
    Ok(())
}
