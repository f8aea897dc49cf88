//! `start`'s `clientRequest` in both modes.

use std::collections::BTreeSet;

use capstan_archive::settings::{Streams, Subscription, UidSelection};

use super::layout::LayoutRequest;
use super::mode::Mode;
use super::now::Now;
use super::storage::StorageRequest;
use super::subscription;
use super::transcoding::Transcoding;
use crate::agora::read::{BadField, Object};
use crate::agora::unserved;

/// Seconds without anybody after which a recording ends, unless `start` says otherwise.
const DEFAULT_IDLE_SECONDS: u32 = 30;
/// Seconds between two screenshots, unless `snapshotConfig` says otherwise.
const DEFAULT_INTERVAL_SECONDS: u32 = 10;

/// `start`'s `clientRequest`.
#[derive(Debug, PartialEq)]
pub(crate) struct StartRequest {
    /// Seconds without anybody after which the recording ends.
    pub(crate) idle_seconds: u32,
    /// Whose sound and pictures.
    pub(crate) subscription: Subscription,
    /// What is made of them.
    pub(crate) work: Work,
    /// Where the files go.
    pub(crate) storage: StorageRequest,
}

/// What is made of a room.
#[derive(Debug, PartialEq)]
pub(crate) enum Work {
    /// Everybody in one.
    Mix(MixRequest),
    /// Everybody apart.
    Individual(IndividualRequest),
}

/// What only mix mode asks.
#[derive(Debug, PartialEq)]
pub(crate) struct MixRequest {
    /// 0, 1 or 2.
    pub(crate) audio_profile: u32,
    /// Size, rate and encoders.
    pub(crate) transcoding: Transcoding,
    /// Where everybody is painted.
    pub(crate) layout: LayoutRequest,
    /// Whether MP4 files are made beside the segments.
    pub(crate) mp4: bool,
}

/// What only individual mode asks.
#[derive(Debug, PartialEq)]
pub(crate) struct IndividualRequest {
    /// Whether sound and pictures are recorded; if not there are screenshots only.
    pub(crate) files: bool,
    /// `streamMode` is `original`: the sound as it was sent.
    pub(crate) original_audio: bool,
    /// Screenshots.
    pub(crate) snapshots: Option<SnapshotRequest>,
}

/// `snapshotConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SnapshotRequest {
    /// Seconds between two pictures of a participant, 1 to 3600; those of 2020 knew 5 as the least.
    pub(crate) interval_seconds: u32,
}

impl StartRequest {
    /// Reads `clientRequest`.
    pub(crate) fn read(request: Object<'_>, mode: Mode, now: Now) -> Result<Self, BadField> {
        request.secret("token")?;
        unserved::start(request)?;
        let storage =
            request.object("storageConfig", |config| StorageRequest::read(config, now))?;
        request.object("recordingConfig", |config| {
            common(&config)?;
            let idle_seconds =
                config.integer_or("maxIdleTime", 5..=u32::MAX, DEFAULT_IDLE_SECONDS)?;
            let subscription = subscription::read(config)?;
            let work = match mode {
                Mode::Mix => Work::Mix(MixRequest::read(request, config)?),
                Mode::Individual => {
                    let individual = IndividualRequest::read(request, config, &subscription)?;
                    Work::Individual(individual)
                }
            };
            Ok(Self { idle_seconds, subscription, work, storage })
        })
    }
}

/// Fields of `recordingConfig` that are checked and mean nothing here.
fn common(config: &Object<'_>) -> Result<(), BadField> {
    config.integer_or("channelType", 0..=1, 0)?;
    config.secret("secret")?;
    config.secret("salt")?;
    config.text("privateParams").map(drop)
}

impl MixRequest {
    fn read(request: Object<'_>, config: Object<'_>) -> Result<Self, BadField> {
        only_individual(&request, &config)?;
        let (transcoding, layout) = config.object("transcodingConfig", |transcoding| {
            Ok((Transcoding::read(transcoding)?, LayoutRequest::read(transcoding)?))
        })?;
        Ok(Self {
            audio_profile: config.integer_or("audioProfile", 0..=2, 0)?,
            transcoding,
            layout,
            mp4: file_types(request, &["hls", "mp4"])?.contains(&"mp4"),
        })
    }
}

/// Refuses what individual mode alone has.
fn only_individual(request: &Object<'_>, config: &Object<'_>) -> Result<(), BadField> {
    if request.has("snapshotConfig") {
        let what = "is only for mode individual; leave it out or use that mode in the URL";
        return Err(request.refuse("snapshotConfig", what));
    }
    if config.text("streamMode")?.is_some_and(|mode| mode != "default") {
        let what = "is only for mode individual; leave it out";
        return Err(config.refuse("streamMode", what));
    }
    Ok(())
}

/// `avFileType` of `recordingFileConfig`.
fn file_types(request: Object<'_>, known: &[&'static str]) -> Result<Vec<&'static str>, BadField> {
    request.object("recordingFileConfig", |files| {
        let Some(types) = files.choices("avFileType", known)? else { return Ok(vec!["hls"]) };
        if types.is_empty() {
            let what = "is empty: services not selected! Send [\"hls\"] or leave it out";
            return Err(files.refuse("avFileType", what));
        }
        if !types.contains(&"hls") {
            let what = "has mp4 alone; send [\"hls\", \"mp4\"]";
            return Err(files.refuse("avFileType", what));
        }
        Ok(types)
    })
}

impl IndividualRequest {
    fn read(
        request: Object<'_>,
        config: Object<'_>,
        subscription: &Subscription,
    ) -> Result<Self, BadField> {
        for key in ["transcodingConfig", "audioProfile"] {
            if config.has(key) {
                let what = "is only for mode mix; leave it out or use that mode in the URL";
                return Err(config.refuse(key, what));
            }
        }
        if !config.has("subscribeUidGroup") && !config.demands("subscribeUidGroup") {
            let what = "is missing; mode individual needs an integer from 0 to 5";
            return Err(config.refuse("subscribeUidGroup", what));
        }
        let mode = config.choice("streamMode", &["default", "standard", "original"])?;
        if mode == Some("original") && subscription.streams != Streams::Audio {
            let what = "is \"original\", which needs streamTypes 0";
            return Err(config.refuse("streamMode", what));
        }
        file_types(request, &["hls"])?;
        let snapshots = request.optional_object("snapshotConfig", SnapshotRequest::read)?;
        if snapshots.is_some() {
            pictures_needed(&config, subscription)?;
        }
        Ok(Self {
            files: snapshots.is_none() || request.has("recordingFileConfig"),
            original_audio: mode == Some("original"),
            snapshots,
        })
    }
}

/// Screenshots need pictures to be subscribed to.
fn pictures_needed(config: &Object<'_>, subscription: &Subscription) -> Result<(), BadField> {
    if subscription.streams == Streams::Audio {
        let what = "is 0, sound only; snapshotConfig needs 1 or 2";
        return Err(config.refuse("streamTypes", what));
    }
    if subscription.video == UidSelection::Only(BTreeSet::new()) {
        let what = "is missing; with subscribeAudioUids, snapshotConfig needs it too";
        return Err(config.refuse("subscribeVideoUids", what));
    }
    Ok(())
}

impl SnapshotRequest {
    fn read(config: Object<'_>) -> Result<Self, BadField> {
        let interval_seconds =
            config.integer_or("captureInterval", 1..=3_600, DEFAULT_INTERVAL_SECONDS)?;
        let types = config.choices("fileType", &["jpg"])?;
        if config.demands("fileType") || types.is_some_and(|types| !types.is_empty()) {
            return Ok(Self { interval_seconds });
        }
        Err(config.refuse("fileType", "is missing or empty; it must be [\"jpg\"]"))
    }
}
