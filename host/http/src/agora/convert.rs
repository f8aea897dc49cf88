//! From what the API asks to what a recording is told.

use std::time::Duration;

use capstan_archive::settings::{
    AudioCodec, AudioOutput, Container, IndividualAudio, IndividualSettings, LayoutChoice,
    MixFiles, MixSettings, Mode, OutputSettings, Snapshots, Streams, VideoCodec, VideoOutput,
};
use capstan_media::frame::Size;
use capstan_media::scene::Colour;
use capstan_outbox::ports::StorageTarget;
use serde_json::json;

use super::error::{ApiError, Code};
use super::refused::STORAGE;
use super::wire::{
    IndividualRequest, LayoutKind, LayoutRequest, MixRequest, SnapshotRequest, StartRequest,
    StorageRequest, Work,
};
use crate::resource::Resource;
use capstan_config::{App, AudioChoice, BadRegion, Config, Profile, STORE, VideoChoice};
use capstan_recorder::Order;

/// How far a composite may fall behind before it skips pictures.
const OVERLOAD_AFTER: Duration = Duration::from_millis(500);
/// The least seconds between two screenshots in the documents of 2020.
const LEAST_INTERVAL_2020: u32 = 5;

/// A full order for the recorder.
pub(crate) fn order(
    config: &Config,
    app: &App,
    resource: &Resource,
    request: StartRequest,
) -> Result<Order, ApiError> {
    let StartRequest { idle_seconds, subscription, work, storage: target } = request;
    let snapshots = match &work {
        Work::Individual(IndividualRequest { snapshots: Some(snapshots), .. }) => {
            Some(screenshots(config, *snapshots)?)
        }
        _ => None,
    };
    let mode = match work {
        Work::Mix(mix) => {
            let output = output(config, &mix, subscription.streams);
            let mp4 = mix.mp4.then(|| config.recording.mp4_limits());
            let files = MixFiles { container: container(config, &output)?, mp4 };
            let layout = layout(config, &mix.layout);
            Mode::Mix(MixSettings { output, layout, files, overload_after: OVERLOAD_AFTER })
        }
        Work::Individual(individual) if individual.files => {
            Mode::Individual(apart(config, &individual))
        }
        Work::Individual(_) => Mode::SnapshotsOnly,
    };
    Ok(Order {
        sid: hex::encode(resource.nonce),
        room: resource.room.clone(),
        recorder_uid: resource.uid,
        mode,
        subscription,
        snapshots,
        prefix: target.prefix.clone(),
        storage: storage(config, app, target, STORAGE)
            .map_err(|detail| ApiError::new(Code::InvalidParameter, detail))?,
        max_idle: Duration::from_secs(idle_seconds.into()),
        controllable: Duration::from_secs(u64::from(resource.control_hours) * 3_600),
        app_limit: app.max_recordings,
    })
}

/// Screenshots, as often as the documents of the configured profile allow.
fn screenshots(config: &Config, request: SnapshotRequest) -> Result<Snapshots, ApiError> {
    let SnapshotRequest { interval_seconds: seconds } = request;
    if config.api.profile == Profile::Y2020 && seconds < LEAST_INTERVAL_2020 {
        let detail = format!(
            "/clientRequest/snapshotConfig/captureInterval is {seconds}; it must be an integer from \
             {LEAST_INTERVAL_2020} to 3600; from 1 if this server had [api] profile = \"today\""
        );
        return Err(ApiError::new(Code::InvalidParameter, detail));
    }
    Ok(Snapshots { interval: Duration::from_secs(seconds.into()) })
}

/// How everybody is recorded apart: as the server is configured, unless the sound is to stay as sent.
fn apart(config: &Config, request: &IndividualRequest) -> IndividualSettings {
    let settings = config.recording.individual.settings();
    match request.original_audio {
        true => IndividualSettings { audio: IndividualAudio::AsSent, ..settings },
        false => settings,
    }
}

/// What the segments are, which decides what may be in them.
fn container(config: &Config, output: &OutputSettings) -> Result<Container, ApiError> {
    let container = config.recording.hls_container;
    let av1 = output.video.is_some_and(|video| video.codec == VideoCodec::Av1);
    let opus = output.audio.is_some_and(|audio| audio.codec == AudioCodec::Opus);
    let refused = match container {
        Container::Ts if av1 => "videoCodec is av1; it must be h264",
        Container::Ts if opus => "audioCodec is opus; it must be aac",
        Container::Ts | Container::Fmp4 => return Ok(container),
    };
    let detail = format!(
        "/clientRequest/recordingConfig/transcodingConfig/{refused}: this server writes HLS as \
         MPEG-TS (recording.hls_container), which holds nothing else"
    );
    Err(ApiError::new(Code::InvalidParameter, detail))
}

/// The mixed picture and sound.
fn output(config: &Config, request: &MixRequest, streams: Streams) -> OutputSettings {
    let transcoding = &request.transcoding;
    let video = VideoOutput {
        codec: match transcoding.video.unwrap_or(config.recording.video_encoder) {
            VideoChoice::H264 => VideoCodec::H264,
            VideoChoice::Av1 => VideoCodec::Av1,
        },
        bitrate_kbps: transcoding.bitrate,
    };
    let (channels, bitrate_kbps) = match request.audio_profile {
        0 => (1, 48),
        1 => (1, 128),
        _ => (2, 192),
    };
    let audio = AudioOutput {
        codec: match transcoding.audio.unwrap_or(config.recording.audio_encoder) {
            AudioChoice::Aac => AudioCodec::Aac,
            AudioChoice::Opus => AudioCodec::Opus,
        },
        channels,
        bitrate_kbps,
    };
    OutputSettings {
        canvas: Size { width: transcoding.width, height: transcoding.height },
        fps: transcoding.fps,
        video: (streams != Streams::Audio).then_some(video),
        audio: (streams != Streams::Video).then_some(audio),
        background: request.layout.background.unwrap_or(Colour::BLACK),
        playout_delay_ms: u32::try_from(config.recording.playout_delay_ms).unwrap_or(u32::MAX),
    }
}

/// The layout plugin behind a layout number, and its options.
pub(crate) fn layout(config: &Config, request: &LayoutRequest) -> LayoutChoice {
    let layouts = &config.recording.layouts;
    let name = match request.kind {
        LayoutKind::Float => &layouts.float,
        LayoutKind::BestFit => &layouts.best_fit,
        LayoutKind::Vertical => &layouts.vertical,
        LayoutKind::Custom => &layouts.custom,
    };
    let name = request.dressing.layout.as_ref().unwrap_or(name);
    let mut options = json!({});
    if let Some(fields) = options.as_object_mut() {
        if let Some(Colour { red, green, blue }) = request.background {
            let colour = format!("#{red:02x}{green:02x}{blue:02x}");
            fields.insert("background_color".into(), colour.into());
        }
        if let Some(main) = request.main {
            fields.insert("main_uid".into(), main.to_string().into());
        }
        if !request.regions.is_empty() {
            let regions = request.regions.iter().map(|region| {
                let mut entry = json!({
                    "x": region.x,
                    "y": region.y,
                    "width": region.width,
                    "height": region.height,
                    "alpha": region.alpha,
                    "fit": if region.contain { "contain" } else { "cover" },
                });
                if let (Some(uid), Some(entry)) = (region.uid, entry.as_object_mut()) {
                    entry.insert("uid".into(), uid.to_string().into());
                }
                entry
            });
            fields.insert("regions".into(), regions.collect());
        }
        request.dressing.dress(fields);
    }
    LayoutChoice { name: name.clone(), options: options.to_string() }
}

/// The storage behind a vendor; the app's own if the request names none.
/// `at` is where the request names it.
pub(crate) fn storage(
    config: &Config,
    app: &App,
    request: StorageRequest,
    at: &str,
) -> Result<StorageTarget, String> {
    let asked = request.vendor.as_deref().unwrap_or(&app.storage);
    if asked == STORE {
        return Ok(native());
    }
    let Some((key, vendor)) = config.vendors.find(asked) else {
        return Err(format!(
            "{at}/vendor is {asked}; this server serves {}; leave storageConfig out for the \
             server's own storage",
            config.vendors.known()
        ));
    };
    if vendor.plugin == STORE {
        return Ok(native());
    }
    vendor.target(key, request.fields).map_err(|BadRegion(what)| format!("{at}/region {what}"))
}

fn native() -> StorageTarget {
    StorageTarget { storage: STORE.into(), config: "{}".into() }
}
