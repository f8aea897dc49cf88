//! Whose sound and pictures are recorded: the lists of `start` and of `update`.
//!
//! A white list for one medium alone means that nothing of the other is recorded, as documented. A
//! black list says nothing about the other medium.

use std::collections::BTreeSet;

use capstan_archive::settings::{Streams, Subscription, UidSelection, VideoLayer};
use capstan_media::track::Uid;

use crate::agora::read::{BadField, Object};

/// The most uids of a list.
const MAX_UIDS: usize = 32;
/// The entry that stands for everybody.
const EVERYBODY: &str = "#allstream#";
/// The most participants that are recorded, by `subscribeUidGroup`. The groups 0 to 3 only tell how
/// many are expected: whoever comes is recorded up to the documented 17.
const UIDS_OF_GROUP: [u32; 6] = [17, 17, 17, 17, 32, 49];

/// A medium's lists and the `streamTypes` without it.
struct Medium {
    white: &'static str,
    black: [&'static str; 2],
    without: Streams,
}

const AUDIO: Medium = Medium {
    white: "subscribeAudioUids",
    black: ["unSubscribeAudioUids", "unsubscribeAudioUids"],
    without: Streams::Video,
};
const VIDEO: Medium = Medium {
    white: "subscribeVideoUids",
    black: ["unSubscribeVideoUids", "unsubscribeVideoUids"],
    without: Streams::Audio,
};

/// Reads the subscription of `recordingConfig`.
pub(crate) fn read(config: Object<'_>) -> Result<Subscription, BadField> {
    let streams = match config.integer_or("streamTypes", 0..=2, 2)? {
        0 => Streams::Audio,
        1 => Streams::Video,
        _ => Streams::Both,
    };
    let video_layer = match config.integer_or("videoStreamType", 0..=1, 0)? {
        0 => VideoLayer::High,
        _ => VideoLayer::Low,
    };
    let group = config.integer("subscribeUidGroup", 0..=5)?.unwrap_or(0);
    let max_uids = UIDS_OF_GROUP.get(group as usize).copied().unwrap_or(17);
    let (audio, video) = both(AUDIO.read(&config, streams)?, VIDEO.read(&config, streams)?);
    Ok(Subscription { audio, video, streams, video_layer, max_uids })
}

/// Reads `streamSubscribe` of `update`, which replaces all lists and keeps the rest.
pub(crate) fn read_update(
    subscribe: Object<'_>,
    current: &Subscription,
) -> Result<Subscription, BadField> {
    let streams = current.streams;
    let list = |key: &str, medium: Medium| {
        if subscribe.has(key) && medium.without == streams {
            let what = "is for a medium that streamTypes of start left out; leave it out";
            return Err(subscribe.refuse(key, what));
        }
        let read = subscribe.optional_object(key, |lists| {
            let read = medium.read(&lists, streams)?;
            if read.is_none() && !lists.is_sketch() {
                let what = format!("is missing or empty; give 1 to {MAX_UIDS} uids");
                return Err(lists.refuse(medium.white, what));
            }
            Ok(read)
        });
        read.map(Option::flatten)
    };
    let (audio, video) = (list("audioUidList", AUDIO)?, list("videoUidList", VIDEO)?);
    if audio.is_none() && video.is_none() && !subscribe.is_sketch() {
        let what = "is missing as videoUidList is; give at least one of them";
        return Err(subscribe.refuse("audioUidList", what));
    }
    let (audio, video) = both(audio, video);
    Ok(Subscription { audio, video, ..current.clone() })
}

/// What two optional lists mean together.
fn both(audio: Option<UidSelection>, video: Option<UidSelection>) -> (UidSelection, UidSelection) {
    let is_white = |uids: &Option<UidSelection>| {
        matches!(uids, Some(UidSelection::All | UidSelection::Only(_)))
    };
    let (audio_white, video_white) = (is_white(&audio), is_white(&video));
    let without = |other_is_white| match other_is_white {
        true => UidSelection::Only(BTreeSet::new()),
        false => UidSelection::All,
    };
    (audio.unwrap_or_else(|| without(video_white)), video.unwrap_or_else(|| without(audio_white)))
}

impl Medium {
    /// The medium's lists; `None` if there are none or they are empty.
    fn read(
        &self,
        config: &Object<'_>,
        streams: Streams,
    ) -> Result<Option<UidSelection>, BadField> {
        let white = self.list(config, self.white, streams)?;
        let mut blacks = Vec::new();
        for key in self.black {
            blacks.extend(self.list(config, key, streams)?.into_iter().flatten());
        }
        match (white, blacks.is_empty()) {
            (Some(_), false) => {
                let what = format!("and {} exclude each other; give one of them", self.white);
                Err(config.refuse(self.black[0], what))
            }
            (Some(uids), true) => self.white(config, &uids).map(Some),
            (None, true) => Ok(None),
            (None, false) => {
                self.uids(config, self.black[0], &blacks).map(UidSelection::Except).map(Some)
            }
        }
    }

    fn list<'a>(
        &self,
        config: &Object<'a>,
        key: &str,
        streams: Streams,
    ) -> Result<Option<Vec<&'a str>>, BadField> {
        let uids = config.texts(key, MAX_UIDS)?.filter(|uids| !uids.is_empty());
        if uids.is_some() && streams == self.without {
            let number = if streams == Streams::Audio { 0 } else { 1 };
            let what = format!("is given although streamTypes is {number}; leave one of them out");
            return Err(config.refuse(key, what));
        }
        Ok(uids)
    }

    fn white(&self, config: &Object<'_>, uids: &[&str]) -> Result<UidSelection, BadField> {
        match uids {
            [EVERYBODY] => Ok(UidSelection::All),
            _ if uids.contains(&EVERYBODY) => {
                let what = format!("has {EVERYBODY:?} beside others; it must stand alone");
                Err(config.refuse(self.white, what))
            }
            _ => self.uids(config, self.white, uids).map(UidSelection::Only),
        }
    }

    fn uids(
        &self,
        config: &Object<'_>,
        key: &str,
        uids: &[&str],
    ) -> Result<BTreeSet<Uid>, BadField> {
        let parse = |(index, text): (usize, &&str)| {
            text.parse()
                .map_err(|bad| config.refuse(&format!("{key}/{index}"), format!("is wrong: {bad}")))
        };
        uids.iter().enumerate().map(parse).collect()
    }
}
