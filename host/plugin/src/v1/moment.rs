//! Clock and chance for one call.

use capstan_media::time::RoomTime;
use capstan_outbox::ports::FaultKind;

use super::bindings::capstan::plugin::io::Moment;
use crate::fault::Broke;

/// The inputs of a call at `now`.
pub(crate) fn moment(now: RoomTime) -> Result<Moment, Broke> {
    let number = || getrandom::u64().map_err(|error| host_failed(&error.to_string()));
    let now_ms = u64::try_from(now.as_millis()).unwrap_or(0);
    Ok(Moment { now_ms, random: (number()?, number()?) })
}

/// The host's own failure on a guest's behalf; told like a trap, since its effect is the same.
pub(crate) fn host_failed(what: &str) -> Broke {
    Broke { kind: FaultKind::Trapped, detail: format!("the host failed: {what}") }
}
