//! What the rest of the process may rely on: values in range, secrets resolved.

use std::collections::BTreeMap;
use std::path::PathBuf;

use url::Url;

use crate::schema::{
    Api, Backup, Events, Http, ImageUrls, Ingest, Plugins, Recording, Storage, Uploads,
};
use crate::secret::Secret;
use crate::vendors::Vendors;

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The HTTP server.
    pub http: Http,
    /// The recording API.
    pub api: Api,
    /// What is told to operators' servers, and what is remembered.
    pub events: Events,
    /// How others reach it, without a slash at the end; `None` follows the listening address.
    pub public_url: Option<String>,
    /// The media port.
    pub ingest: Ingest,
    /// How rooms are recorded.
    pub recording: Recording,
    /// Plugins.
    pub plugins: Plugins,
    /// Pictures that scenes may show: files by name.
    pub images: BTreeMap<String, PathBuf>,
    /// Where pictures of requests may be fetched.
    pub image_urls: ImageUrls,
    /// Storage; its vendors are checked in `vendors`.
    pub storage: Storage,
    /// Who takes recordings by request.
    pub vendors: Vendors,
    /// How uploads are tried.
    pub uploads: Uploads,
    /// Where goes what its own storage doesn't take.
    pub backup: Backup,
    /// Who may publish and record; at least one.
    pub apps: Vec<App>,
    /// Whether the built-in demo app stands in for missing `[[apps]]`.
    pub demo_app: bool,
}

/// One customer of this server.
#[derive(Debug, Clone)]
pub struct App {
    /// The `{appid}` of the API and the first part of WHIP addresses.
    pub id: String,
    /// Pairs of key and secret that the API takes; at least one.
    pub keys: Vec<Credential>,
    /// Bearer token that publishers must show.
    pub whip_token: Option<Secret>,
    /// Whether only clients on this machine may use the app.
    pub loopback_only: bool,
    /// Web origins whose pages may publish and play; `None` for those of `[http]`.
    pub allowed_origins: Option<Vec<String>>,
    /// Requests a second of each method of the API.
    pub requests_per_second: u32,
    /// Recordings at one time.
    pub max_recordings: usize,
    /// Whether nothing new can be recorded.
    pub disabled: bool,
    /// Where recordings go when the request names no vendor: a vendor's number or name, or [`STORE`](crate::STORE).
    pub storage: String,
    /// Whom to tell what happens.
    pub callback: Option<Callback>,
}

/// A user name of the API and its password.
#[derive(Debug, Clone)]
pub struct Credential {
    /// User name.
    pub key: String,
    /// Password.
    pub secret: Secret,
}

impl App {
    /// The web origins whose pages may publish to it and play from it.
    #[must_use]
    pub fn origins<'a>(&'a self, http: &'a Http) -> &'a [String] {
        self.allowed_origins.as_deref().unwrap_or(&http.cors_origins)
    }
}

/// Where an app's events go.
#[derive(Debug, Clone)]
pub struct Callback {
    /// The callback plugin's name.
    pub plugin: String,
    /// Where events are posted.
    pub url: Url,
    /// What they are signed with.
    pub secret: Option<Secret>,
    /// More for the plugin.
    pub config: toml::Table,
}

impl Config {
    /// The app of that id.
    #[must_use]
    pub fn app(&self, id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.id == id)
    }
}
