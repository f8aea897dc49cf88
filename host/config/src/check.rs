//! From the file as written to the checked configuration.

use capstan_archive::settings::Container;
use url::Url;

use crate::checked::{App, Callback, Config, Credential};
use crate::error::ConfigError;
use crate::names::STORE;
use crate::schema::{AppEntry, AudioChoice, CallbackEntry, Events, File, KeyEntry, VideoChoice};
use crate::secret::{Secret, resolve};
use crate::vendors::Vendors;

/// The demo app's id, key and secret: only clients on this machine may use it.
const DEMO: &str = "demo";
/// The most characters of an image's name, as the plugin contract has it.
const MAX_IMAGE_NAME: usize = 64;
/// Requests a second of each method, as documented for one app.
const REQUESTS_PER_SECOND: u32 = 10;
/// The most characters of an app's id; it stands in URLs and file names.
const MAX_APP_ID: usize = 64;

/// Checks ranges and relations, resolves secrets and fills in the demo app.
pub(super) fn check(file: File) -> Result<Config, ConfigError> {
    between("http.max_connections", file.http.max_connections, 1, 100_000)?;
    between("http.idle_seconds", file.http.idle_seconds, 1.0, 3_600.0)?;
    let recording = &file.recording;
    between("recording.segment_seconds", recording.segment_seconds, 1, 60)?;
    let slice = recording.individual.slice_seconds;
    between("recording.individual.slice_seconds", slice, 1, 60)?;
    between("recording.playout_delay_ms", recording.playout_delay_ms, 0, 10_000)?;
    between("recording.max_recordings", recording.max_recordings, 1, 10_000)?;
    between("recording.min_free_mib", recording.min_free_mib, 1, 1_000_000_000)?;
    between("recording.mp4_max_seconds", recording.mp4_max_seconds, 1, 86_400)?;
    between("recording.mp4_max_bytes", recording.mp4_max_bytes, 1_000_000, 1_000_000_000_000)?;
    if recording.hls_container == Container::Ts
        && (recording.video_encoder, recording.audio_encoder)
            != (VideoChoice::H264, AudioChoice::Aac)
    {
        let what = "\"ts\" holds H.264 and AAC only: set video_encoder = \"h264\" and \
                    audio_encoder = \"aac\", or hls_container = \"fmp4\"";
        return Err(ConfigError::at("recording.hls_container", what));
    }
    between("uploads.concurrency", file.uploads.concurrency, 1, 1_000)?;
    between("uploads.retry_first_ms", file.uploads.retry_first_ms, 1, 60_000)?;
    between("uploads.retry_longest_seconds", file.uploads.retry_longest_seconds, 1, 3_600)?;
    between("storage.playlist_max_age", file.storage.playlist_max_age, 0, 60)?;
    events(&file.events)?;
    between("ingest.max_publishers", file.ingest.max_publishers, 1, 100_000)?;
    between("ingest.silence_seconds", file.ingest.silence_seconds, 1.0, 5.0)?;
    let mut media = [Some(file.ingest.listen), file.ingest.listen_tcp].into_iter().flatten();
    if file.ingest.announce.is_empty() && media.any(|address| address.ip().is_unspecified()) {
        return Err(ConfigError::at(
            "ingest.announce",
            "name the address that publishers reach: ingest.listen or ingest.listen_tcp stands for \
             every address of the machine and can't be told to them",
        ));
    }
    let vendors = Vendors::check(file.storage.vendors.clone())?;
    for (key, grants) in [
        ("plugins.allow", &file.plugins.allow),
        ("plugins.allow_private", &file.plugins.allow_private),
        ("image_urls.allow", &file.image_urls.allow),
        ("image_urls.allow_private", &file.image_urls.allow_private),
    ] {
        for grant in grants {
            grant
                .parse::<capstan_plugin::Grant>()
                .map_err(|bad| ConfigError::at(key, bad.to_string()))?;
        }
    }
    between("plugins.reload_seconds", file.plugins.reload_seconds, 1, 3_600)?;
    let bad = |place: &str, bad: capstan_plugin::BadBudget| {
        ConfigError::at(&format!("plugins.{place}.{}", bad.key), bad.to_string())
    };
    file.plugins.compiler.check().map_err(|out| bad("compiler", out))?;
    for (name, budget) in &file.plugins.budgets {
        budget.check().map_err(|out| bad(&format!("budgets.{name}"), out))?;
    }
    for name in file.images.keys() {
        image_name(name)?;
    }
    let public_url = file.http.public_url.as_deref().map(public_url).transpose()?;
    let demo_app = file.apps.is_empty();
    let mut apps = Vec::new();
    for (index, entry) in file.apps.into_iter().enumerate() {
        let app = app(index, entry, &vendors)?;
        if apps.iter().any(|other: &App| other.id == app.id) {
            let what = format!("two apps have the id {:?}", app.id);
            return Err(ConfigError::at("apps.id", what));
        }
        apps.push(app);
    }
    if demo_app {
        apps.push(demo());
    }
    Ok(Config {
        http: file.http,
        api: file.api,
        events: file.events,
        public_url,
        ingest: file.ingest,
        recording: file.recording,
        plugins: file.plugins,
        images: file.images,
        image_urls: file.image_urls,
        storage: file.storage,
        vendors,
        uploads: file.uploads,
        backup: file.backup,
        apps,
        demo_app,
    })
}

fn between<T: PartialOrd + std::fmt::Display>(
    key: &str,
    value: T,
    least: T,
    most: T,
) -> Result<(), ConfigError> {
    if value >= least && value <= most {
        return Ok(());
    }
    Err(ConfigError::at(key, format!("{value} is outside {least} to {most}")))
}

/// Names of images stand in layouts' options; those of fetched ones begin with `url-`.
fn image_name(name: &str) -> Result<(), ConfigError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let right = !name.is_empty() && name.len() <= MAX_IMAGE_NAME && name.bytes().all(plain);
    if right && !name.starts_with("url-") {
        return Ok(());
    }
    let what = format!(
        "an image's name has 1 to {MAX_IMAGE_NAME} letters, digits, '-', '_' or '.', and doesn't \
         begin with url-"
    );
    Err(ConfigError::at(&format!("images.{name}"), what))
}

fn events(events: &Events) -> Result<(), ConfigError> {
    const WEEKS: f64 = 60.0 * 86_400.0;
    between("events.retry_first_seconds", events.retry_first_seconds, 0.01, WEEKS)?;
    between("events.retry_longest_seconds", events.retry_longest_seconds, 0.01, WEEKS)?;
    between("events.give_up_hours", events.give_up_hours, 0.0, 24.0 * 365.0)?;
    between("events.history_days", events.history_days, 0, 3_650)?;
    between("events.history_recordings", events.history_recordings, 0, 1_000_000)?;
    between("events.history_events", events.history_events, 1, 1_000_000)
}

fn public_url(text: &str) -> Result<String, ConfigError> {
    let url = http_url("http.public_url", text)?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn http_url(key: &str, text: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(text)
        .map_err(|error| ConfigError::at(key, format!("{text:?} is no URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(ConfigError::at(key, format!("{text:?} is neither http nor https")));
    }
    Ok(url)
}

fn app(index: usize, entry: AppEntry, vendors: &Vendors) -> Result<App, ConfigError> {
    let key = |name: &str| format!("apps[{index}].{name}");
    let named = !entry.id.is_empty()
        && entry.id.len() <= MAX_APP_ID
        && entry.id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if !named {
        let what = format!("an id has 1 to {MAX_APP_ID} letters, digits, '-' or '_'");
        return Err(ConfigError::at(&key("id"), what));
    }
    let first = KeyEntry { key: entry.key, secret: entry.secret, secret_file: entry.secret_file };
    let mut keys = vec![credential(&format!("apps[{index}]"), first)?];
    for (number, more) in entry.keys.into_iter().enumerate() {
        keys.push(credential(&format!("apps[{index}].keys[{number}]"), more)?);
    }
    let requests = entry.requests_per_second.unwrap_or(REQUESTS_PER_SECOND);
    between(&key("requests_per_second"), requests, 1, 100_000)?;
    let storage = entry.storage.unwrap_or_else(|| STORE.into());
    if storage != STORE && vendors.find(&storage).is_none() {
        let known = vendors.known();
        let what = format!("{storage:?} is neither {STORE:?} nor a vendor; there are {known}");
        return Err(ConfigError::at(&key("storage"), what));
    }
    Ok(App {
        whip_token: resolve(
            &key("whip_token"),
            entry.whip_token,
            entry.whip_token_file.as_deref(),
        )?,
        callback: entry.callback.map(|entry| callback(&key("callback"), entry)).transpose()?,
        id: entry.id,
        keys,
        loopback_only: entry.loopback_only,
        allowed_origins: entry.allowed_origins,
        requests_per_second: requests,
        max_recordings: entry.max_recordings.unwrap_or(usize::MAX),
        disabled: entry.disabled,
        storage,
    })
}

fn credential(place: &str, entry: KeyEntry) -> Result<Credential, ConfigError> {
    let at = |name: &str| format!("{place}.{name}");
    if entry.key.is_empty() || entry.key.contains(':') {
        return Err(ConfigError::at(&at("key"), "a key is not empty and has no colon"));
    }
    let secret = resolve(&at("secret"), entry.secret, entry.secret_file.as_deref())?
        .filter(|secret| !secret.reveal().is_empty())
        .ok_or_else(|| ConfigError::at(&at("secret"), "give secret or secret_file"))?;
    Ok(Credential { key: entry.key, secret })
}

fn callback(key: &str, entry: CallbackEntry) -> Result<Callback, ConfigError> {
    Ok(Callback {
        url: http_url(&format!("{key}.url"), &entry.url)?,
        secret: resolve(&format!("{key}.secret"), entry.secret, entry.secret_file.as_deref())?,
        plugin: entry.plugin,
        config: entry.config,
    })
}

fn demo() -> App {
    App {
        id: DEMO.into(),
        keys: vec![Credential { key: DEMO.into(), secret: Secret::new(DEMO.into()) }],
        whip_token: None,
        loopback_only: true,
        allowed_origins: None,
        requests_per_second: REQUESTS_PER_SECOND,
        max_recordings: usize::MAX,
        disabled: false,
        storage: STORE.into(),
        callback: None,
    }
}
