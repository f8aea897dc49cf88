//! Fields of the API that are known but not served: refused by name, so that nobody believes that
//! they work.

use super::read::{BadField, Object};

const NOT_SERVED: &str = "is not served by this server; leave it out";

/// Refuses what `start` doesn't serve in any mode.
pub(crate) fn start(request: Object<'_>) -> Result<(), BadField> {
    for key in ["extensionServiceConfig", "transcodeOptions"] {
        if request.has(key) {
            return Err(request.refuse(key, NOT_SERVED));
        }
    }
    request.object("appsCollection", |apps| match apps.text("combinationPolicy")? {
        None | Some("default") => Ok(()),
        Some(_) => Err(apps.refuse("combinationPolicy", "must be \"default\" or left out")),
    })?;
    request.object("recordingConfig", |config| {
        if config.integer_or("decryptionMode", 0..=8, 0)? == 0 {
            return Ok(());
        }
        let what = "must be 0 or left out: what publishers send is encrypted up to this server \
                    (DTLS-SRTP), and it has no other keys";
        Err(config.refuse("decryptionMode", what))
    })
}
