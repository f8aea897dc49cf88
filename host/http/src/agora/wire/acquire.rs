//! `acquire`'s `clientRequest`.

use serde_json::Value;

use crate::agora::read::{BadField, Object};

/// Hours for which a recording may be controlled, unless `acquire` says otherwise.
const DEFAULT_CONTROL_HOURS: u32 = 72;
/// The most resource ids that a redundant recording may name.
const MAX_EXCLUDED: usize = 64;

/// `acquire`'s `clientRequest`.
#[derive(Debug, PartialEq)]
pub(crate) struct AcquireRequest {
    /// Hours after the start for which the recording may be controlled.
    pub(crate) control_hours: u16,
    /// The announced parameters of `start`.
    pub(crate) start_parameter: Option<Value>,
}

impl AcquireRequest {
    /// Reads `clientRequest`.
    pub(crate) fn read(request: Object<'_>) -> Result<Self, BadField> {
        let hours = request
            .integer_or("resourceExpiredHour", 1..=720, DEFAULT_CONTROL_HOURS)
            .map_err(|mut bad| {
                bad.what.insert_str(0, "is an invalid resourceExpiredHour value! It ");
                bad
            })?;
        match request.integer_or("scene", 0..=2, 0)? {
            0 => {}
            1 => {
                let what = "is 1: this server doesn't record web pages; leave it out or send 0";
                return Err(request.refuse("scene", what));
            }
            _ => {
                let what = "is 2: recordings aren't transcoded afterwards here; leave it out or \
                            send 0";
                return Err(request.refuse("scene", what));
            }
        }
        // One server has no regions to choose from: these three are checked and mean nothing.
        request.choice("region", &["CN", "AP", "EU", "NA"])?;
        request.integer("regionAffinity", 0..=u32::MAX)?;
        request.texts("excludeResourceIds", MAX_EXCLUDED)?;
        Ok(Self {
            control_hours: u16::try_from(hours).unwrap_or(720),
            start_parameter: request.free_object("startParameter")?.cloned(),
        })
    }
}
