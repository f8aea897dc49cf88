//! One attempt to deliver an event, and what its end means.

use std::sync::Arc;
use std::time::Duration;

use capstan_media::time::RoomTime;

use super::{Verdict, on_disk};
use crate::keeper::Keeper;
use crate::ports::{Callbacks, Delivery, DeliveryError, Notice};

/// Tries once. What comes of it is on disk before this returns.
pub(crate) async fn attempt(
    keeper: Arc<Keeper>,
    callbacks: Arc<dyn Callbacks>,
    patience: Option<Duration>,
    notice: Notice,
) -> Verdict {
    let (sid, sequence) = (notice.sid.clone(), notice.sequence);
    let delivered = match callbacks.open(&notice.app) {
        Ok(Some(callback)) => callback.deliver(&notice).await,
        Ok(None) => Ok(Delivery::Ignored),
        Err(error) => Err(error),
    };
    match delivered {
        Ok(Delivery::Delivered) => {
            metrics::counter!("capstan_events_delivered_total").increment(1);
            tracing::debug!(%sid, sequence, kind = %notice.kind, "event delivered");
        }
        Ok(Delivery::Ignored) => {}
        Err(error) => {
            metrics::counter!("capstan_events_failed_total").increment(1);
            let hopeless = matches!(error, DeliveryError::Rejected { .. })
                || too_old(keeper.now_of(&sid), patience, &notice);
            tracing::warn!(%sid, sequence, kind = %notice.kind, %error, hopeless, "event failed");
            if !hopeless {
                return Verdict::Again { asked: None };
            }
        }
    }
    let noted = on_disk(&keeper, move |keeper| {
        keeper.change(&sid, |change, _, _| change.delivered.push(sequence))
    });
    match noted.await {
        Ok(()) => Verdict::Settled,
        Err(reason) => {
            tracing::error!(%reason, "a delivered event can't be noted; it will be repeated");
            Verdict::Again { asked: None }
        }
    }
}

fn too_old(now: RoomTime, patience: Option<Duration>, notice: &Notice) -> bool {
    let age = now.since(RoomTime::from_millis(notice.at_ms));
    patience.is_some_and(|longest| age >= longest)
}
