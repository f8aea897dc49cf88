//! Images that a layout's options name: configured ones by their names, others by their URLs.
//!
//! A layout never hears of a picture that isn't there: URLs are left out of its options until they are
//! fetched and decoded, and come in then, under names made from them. One that can't be had is told of
//! as a warning, and what lies below stays.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use capstan_archive::settings::LayoutChoice;
use capstan_outbox::event::{Code, Module, Problem};
use capstan_pipeline::composite::{Image, Typeface};
use capstan_plugin::Fetcher;
use capstan_recording::layout::LayoutError;
use capstan_recording::requests::LayoutChange;
use capstan_render::pictures::Pictures;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use crate::images::{self, ImagesError, MAX_BYTES};
use crate::session::Session;

/// The members of options that name an image.
const KEYS: [&str; 3] = ["image", "background_image", "user_image"];
/// How long a picture may take to come.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most pictures that one request may want fetched.
const MAX_URLS: usize = 64;
/// The most bytes of decoded pictures that one recording fetches: eight of the largest.
const MAX_KEPT: usize = 128 << 20;
/// The folder of fetched files in a recording's folder: rendering again needs them.
pub const FOLDER: &str = "images";

/// The images of a server, and the way to others.
pub struct Gallery {
    configured: BTreeMap<String, Image>,
    typeface: Typeface,
    fetcher: Fetcher,
}

/// What one recording has fetched.
#[derive(Default)]
pub(crate) struct Wall {
    /// Layout changes so far: a picture that comes after the next change is for that one to show.
    changes: u64,
    /// Names by URL.
    names: BTreeMap<String, String>,
    /// Bytes of decoded pictures.
    kept: usize,
}

impl Wall {
    /// Notes that the layout changed, and answers which change this is.
    pub(crate) const fn change(&mut self) -> u64 {
        self.changes += 1;
        self.changes
    }
}

impl Gallery {
    /// The configured images and fonts, and a fetcher that keeps to the operator's grants.
    #[must_use]
    pub const fn new(
        configured: BTreeMap<String, Image>,
        typeface: Typeface,
        fetcher: Fetcher,
    ) -> Self {
        Self { configured, typeface, fetcher }
    }

    /// Images by name, for a recording's start.
    pub(crate) fn configured(&self) -> BTreeMap<String, Image> {
        self.configured.clone()
    }

    /// The choice as its layout may hear of it now: without the URLs that aren't fetched.
    ///
    /// # Errors
    /// It names an image that nobody configured, or too many URLs.
    pub(crate) fn ready(
        &self,
        choice: &LayoutChoice,
        wall: &Wall,
    ) -> Result<LayoutChoice, LayoutError> {
        let refuse =
            |reason: String| Err(LayoutError::Refused { layout: choice.name.clone(), reason });
        let named = references(&choice.options);
        let is_known = |name: &&String| is_url(name) || self.configured.contains_key(*name);
        if let Some(name) = named.iter().find(|name| !is_known(name)) {
            return refuse(format!(
                "there is no image {name:?}; [images] of the configuration names them"
            ));
        }
        if named.iter().filter(|name| is_url(name)).count() > MAX_URLS {
            return refuse(format!("more than {MAX_URLS} pictures to fetch"));
        }
        Ok(with_names(choice, &wall.names))
    }

    /// Fetches what a choice names by URL, and shows it unless the layout was changed meanwhile.
    pub(crate) fn fetch(self: &Arc<Self>, session: &Session, choice: LayoutChoice, change: u64) {
        if references(&choice.options).iter().any(|name| is_url(name)) {
            let (gallery, session) = (Arc::clone(self), session.clone());
            tokio::spawn(async move { gallery.hang(&session, choice, change).await });
        }
    }

    async fn hang(self: Arc<Self>, session: &Session, choice: LayoutChoice, change: u64) {
        let mut wanted = references(&choice.options);
        let known: BTreeSet<String> = session.wall().lock().await.names.keys().cloned().collect();
        wanted.retain(|name| is_url(name) && !known.contains(name));
        let folder = session.handle().folder().join(FOLDER);
        let mut fetches = JoinSet::new();
        for url in wanted {
            let (gallery, folder) = (Arc::clone(&self), folder.clone());
            fetches.spawn(async move {
                let image = gallery.get(&url, &folder).await;
                (url, image)
            });
        }
        let fetched = fetches.join_all().await;
        if !session.records() {
            return;
        }
        let mut wall = session.wall().lock().await;
        let (mut images, mut names) = (BTreeMap::new(), BTreeMap::new());
        for (url, image) in fetched {
            let room = MAX_KEPT.saturating_sub(wall.kept);
            let image = image.and_then(|image| match image.rgba.len() <= room {
                true => Ok(image),
                false => Err(format!("the recording has {MAX_KEPT} bytes of pictures already")),
            });
            match image {
                Ok(image) => {
                    wall.kept += image.rgba.len();
                    images.insert(name_of(&url), image);
                    names.insert(url.clone(), name_of(&url));
                }
                Err(reason) => {
                    warn(session, format!("picture {} is not shown: {reason}", shown(&url)))
                }
            }
        }
        if images.is_empty() || wall.changes != change {
            return;
        }
        let all: BTreeMap<_, _> = wall.names.iter().chain(&names).collect();
        let all = all.into_iter().map(|(url, name)| (url.clone(), name.clone())).collect();
        let choice = with_names(&choice, &all);
        let told = session.handle().update_layout(LayoutChange { choice, layout: None, images });
        match told.await {
            Ok(()) => wall.names.extend(names),
            Err(error) => tracing::debug!(sid = session.sid(), %error, "pictures come too late"),
        }
    }

    /// Fetches, keeps and decodes one picture.
    async fn get(&self, url: &str, folder: &Path) -> Result<Image, String> {
        let bytes = self.fetcher.get(url, MAX_BYTES, PATIENCE).await.map_err(|e| e.to_string())?;
        let path = folder.join(name_of(url));
        let decoded = tokio::task::spawn_blocking(move || {
            let image = images::decode(&bytes).map_err(|bad| bad.to_string())?;
            let kept = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            kept.and_then(|()| std::fs::write(&path, &bytes))
                .map_err(|error| format!("it can't be kept: {error}"))?;
            Ok(image)
        });
        decoded.await.map_err(|_| "its decoder gave up".to_owned())?
    }
}

fn warn(session: &Session, message: String) {
    let (module, code) = (Module::Service, Code::ImageUnavailable);
    session.handle().warn(Problem { module, level: 3, code, message });
}

fn is_url(name: &str) -> bool {
    name.contains("://")
}

/// The name under which a fetched picture is known.
fn name_of(url: &str) -> String {
    let digest = hex::encode(Sha256::digest(url.as_bytes()));
    format!("url-{}", digest.get(..32).unwrap_or(&digest))
}

/// A URL without what may be secret in it.
fn shown(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().chars().take(200).collect()
}

/// Every image that options name, by name or URL.
fn references(options: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Ok(mut options) = serde_json::from_str(options) {
        rename(&mut options, &mut |name| {
            found.insert(name.to_owned());
            None
        });
    }
    found
}

/// The choice with names instead of the URLs that have one, and without the others.
fn with_names(choice: &LayoutChoice, names: &BTreeMap<String, String>) -> LayoutChoice {
    let LayoutChoice { name, options } = choice;
    // What is no JSON is for the layout to refuse.
    let options = match serde_json::from_str(options) {
        Ok(mut options) => {
            let known = |name: &str| {
                if is_url(name) { names.get(name).cloned() } else { Some(name.into()) }
            };
            rename(&mut options, &mut { known });
            options.to_string()
        }
        Err(_) => options.clone(),
    };
    LayoutChoice { name: name.clone(), options }
}

/// Gives every image another name, or takes it away; an object that is nothing without its image goes
/// with it. Answers whether the value stays.
fn rename(value: &mut Value, other: &mut impl FnMut(&str) -> Option<String>) -> bool {
    match value {
        Value::Object(fields) => {
            let mut stays = true;
            fields.retain(|key, value| match value {
                Value::String(name) if KEYS.contains(&key.as_str()) => match other(name) {
                    Some(other) => {
                        *name = other;
                        true
                    }
                    None => {
                        stays &= key != "image";
                        false
                    }
                },
                value => rename(value, other),
            });
            stays
        }
        Value::Array(values) => {
            values.retain_mut(|value| rename(value, other));
            true
        }
        _ => true,
    }
}

impl Pictures for Gallery {
    fn of(&self, folder: &Path) -> io::Result<BTreeMap<String, Image>> {
        let mut all = self.configured.clone();
        all.extend(fetched(&folder.join(FOLDER))?);
        Ok(all)
    }

    fn typeface(&self) -> Typeface {
        self.typeface.clone()
    }
}

/// The pictures that a recording fetched into this folder, by the names of their files.
///
/// # Errors
/// One can't be read or is no picture.
pub fn fetched(folder: &Path) -> io::Result<BTreeMap<String, Image>> {
    let mut files = BTreeMap::new();
    if folder.is_dir() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            files.insert(entry.file_name().to_string_lossy().into_owned(), entry.path());
        }
    }
    images::load(&files).map_err(|error| match error {
        ImagesError::File { source, .. } => source,
        bad @ ImagesError::Bad { .. } => io::Error::new(io::ErrorKind::InvalidData, bad),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn choice(options: &Value) -> LayoutChoice {
        LayoutChoice { name: "layout-float".into(), options: options.to_string() }
    }

    #[test]
    fn urls_get_names_and_those_without_go_with_what_they_are_for() {
        let options = json!({
            "background_image": "https://a.example/1", "user_image": "https://a.example/2",
            "user_images": [{"uid": 1, "image": "https://a.example/3"}, {"uid": 2, "image": "ann"}],
            "watermark": {"image": "https://a.example/4", "size": 0.5},
            "labels": {"names": {"1": "https://a.example/5"}},
        });
        let wanted = references(&options.to_string());
        assert_eq!(wanted.len(), 5, "{wanted:?}");
        let names = BTreeMap::from([("https://a.example/1".to_owned(), "url-1".to_owned())]);
        let named: Value =
            serde_json::from_str(&with_names(&choice(&options), &names).options).unwrap();
        let expected = json!({
            "background_image": "url-1", "user_images": [{"uid": 2, "image": "ann"}],
            "labels": {"names": {"1": "https://a.example/5"}},
        });
        assert_eq!(named, expected);
        let broken = LayoutChoice { options: "{".into(), ..choice(&json!({})) };
        assert_eq!(with_names(&broken, &names), broken);
    }

    #[test]
    fn an_image_that_nobody_configured_is_refused() {
        let fetcher =
            Fetcher::new(Vec::new().into(), capstan_plugin::HttpLimits::default(), None).unwrap();
        let gallery = Gallery::new(BTreeMap::new(), Typeface::default(), fetcher);
        let refused = |options: Value| {
            gallery.ready(&choice(&options), &Wall::default()).unwrap_err().to_string()
        };
        assert!(refused(json!({"user_image": "logo"})).contains("there is no image \"logo\""));
        let many: Vec<Value> =
            (0..65).map(|n| json!({"uid": 1, "image": format!("https://a.example/{n}")})).collect();
        assert!(refused(json!({"user_images": many})).contains("more than 64"));
    }

    #[test]
    fn names_fit_the_contract_and_tell_no_secret() {
        let url = "https://a.example/b?token=secret";
        let name = name_of(url);
        assert!(name.len() <= 64 && !name.contains("secret"));
        assert_eq!(shown(url), "https://a.example/b");
    }
}
