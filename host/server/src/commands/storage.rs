//! `capstan storage test`: puts a probe object into a bucket, as a recording would, and says in words
//! what is wrong if that fails.
//!
//! The credentials go to the plugin and nowhere else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use capstan_outbox::ports::{
    Removal, Storage, StorageTarget, Storages, Upload, UploadError, UploadProgress,
};
use clap::Args;
use serde_json::{Map, Value};
use url::Url;

use crate::clock::SystemClock;
use crate::commands::config_args::ConfigArgs;
use crate::plugins;
use capstan_config::{BACKUP, BadRegion, Config, STORE, Secret};
use capstan_recorder::store::{AllStorages, NativeStore};

/// Which storage, with which keys.
#[derive(Args, Debug)]
pub(super) struct TestArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The vendor as a request names it: 2 or aliyun, say; `store` or `backup` for this server's own
    #[arg(long, value_name = "NUMBER|NAME", required_unless_present = "plugin")]
    vendor: Option<String>,
    /// A storage plugin that no vendor in the configuration names
    #[arg(long, value_name = "NAME", conflicts_with = "vendor")]
    plugin: Option<String>,
    /// The bucket
    #[arg(long)]
    bucket: Option<String>,
    /// Its region: the vendor's name of it, or the API's number
    #[arg(long)]
    region: Option<String>,
    /// The access key's id
    #[arg(long, env = "CAPSTAN_ACCESS_KEY", hide_env_values = true)]
    access_key: Option<String>,
    /// Its secret; better given by the environment, where other users don't see it
    #[arg(long, env = "CAPSTAN_SECRET_KEY", hide_env_values = true, value_parser = secret)]
    secret_key: Option<Secret>,
    /// The token of temporary credentials
    #[arg(long, env = "CAPSTAN_STS_TOKEN", hide_env_values = true, value_parser = secret)]
    sts_token: Option<Secret>,
    /// Where the store answers, if not at the vendor's usual address: https://host[:port]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// A further member of the plugin's configuration; the value is JSON, or a text
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Put before the probe object's key
    #[arg(long, default_value = "")]
    prefix: String,
    /// Bytes of the probe object; large ones go in parts
    #[arg(long, default_value_t = 1_024)]
    size: usize,
    /// The longest time that it may take
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    timeout: u64,
}

/// The most bytes of a probe.
const MAX_PROBE: usize = 1 << 30;

// Clap wants a result.
#[expect(clippy::unnecessary_wraps, reason = "the signature of a value parser")]
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text.to_owned()))
}

/// Uploads, verifies and removes a probe object.
///
/// # Errors
/// What is wrong, and what to do about it.
pub(super) async fn test(args: TestArgs) -> anyhow::Result<()> {
    let mut config = args.config.load()?;
    if let Some(endpoint) = &args.endpoint {
        grant(&mut config, endpoint)?;
    }
    if args.plugin.is_some() {
        config.plugins.allow.push("*".into());
    }
    let target = target(&args, &config)?;
    let storages = storages(&config).await?;
    let storage = storages.open(&target).map_err(|error| explained(&error))?;
    let probe = Probe::write(&args)?;
    println!("probe     {}, {} bytes, to {}", probe.upload.key, args.size, target.storage);
    let put = storage.put(&probe.upload, &probe);
    let stored = match tokio::time::timeout(Duration::from_secs(args.timeout), put).await {
        Ok(stored) => stored.map_err(|error| explained(&error))?,
        Err(_) => bail!("no end after {} s: the store takes nothing or is too slow", args.timeout),
    };
    println!("stored    {}", stored.url);
    println!("verified  the store's digest or length is the file's");
    println!("{}", removed(storage.as_ref(), &probe.upload.key).await);
    println!("The storage works.");
    Ok(())
}

/// What became of the probe object.
async fn removed(storage: &dyn Storage, key: &str) -> String {
    match storage.remove(key).await {
        Ok(Removal::Removed) => "removed   the probe object is gone".into(),
        Ok(Removal::Unsupported) => {
            format!("remains   plugins can't remove objects: delete {key} by hand")
        }
        Err(error) => format!("remains   {key} can't be removed: {error}"),
    }
}

/// Whoever types an endpoint means it: it may be reached, private or not.
fn grant(config: &mut Config, endpoint: &str) -> anyhow::Result<()> {
    let full =
        if endpoint.contains("://") { endpoint.into() } else { format!("https://{endpoint}") };
    let url = Url::parse(&full).with_context(|| format!("--endpoint {endpoint:?}"))?;
    let host = url.host_str().ok_or_else(|| anyhow!("--endpoint {endpoint:?} has no host"))?;
    let host = host.trim_matches(['[', ']']);
    config.plugins.allow_private.push(host.into());
    // Where the bucket's name comes before the store's.
    if host.contains('.') && host.parse::<std::net::Ipv4Addr>().is_err() {
        config.plugins.allow_private.push(format!("*.{host}"));
    }
    let private =
        host == "localhost" || host.parse().is_ok_and(|ip| !capstan_plugin::is_public(ip));
    if private {
        println!("note      the server reaches {host} only if [plugins] allow_private names it");
    }
    Ok(())
}

fn target(args: &TestArgs, config: &Config) -> anyhow::Result<StorageTarget> {
    let fields = fields(args)?;
    if let Some(plugin) = &args.plugin {
        return Ok(StorageTarget {
            storage: plugin.clone(),
            config: Value::Object(fields).to_string(),
        });
    }
    let asked = args.vendor.as_deref().unwrap_or(STORE);
    if asked == BACKUP && config.backup.url.is_none() {
        bail!("there is no backup store: write [backup] url");
    }
    if [STORE, BACKUP].contains(&asked) {
        return Ok(StorageTarget { storage: asked.into(), config: "{}".into() });
    }
    let (key, vendor) = config
        .vendors
        .find(asked)
        .ok_or_else(|| anyhow!("no vendor {asked}; there are {}", config.vendors.known()))?;
    vendor.target(key, fields).map_err(|BadRegion(what)| anyhow!("--region {what}"))
}

/// The fields of `storageConfig` that the arguments stand for.
fn fields(args: &TestArgs) -> anyhow::Result<Map<String, Value>> {
    let mut fields = Map::new();
    for pair in &args.set {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| anyhow!("--set {pair:?} is not KEY=VALUE"))?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        fields.insert(key.into(), value);
    }
    let number = |region: &String| match region.parse::<u32>() {
        Ok(number) => Value::from(number),
        Err(_) => Value::from(region.as_str()),
    };
    let given = [
        ("bucket", args.bucket.clone().map(Value::from)),
        ("region", args.region.as_ref().map(number)),
        ("accessKey", args.access_key.clone().map(Value::from)),
        ("secretKey", args.secret_key.as_ref().map(|key| key.reveal().into())),
        ("stsToken", args.sts_token.as_ref().map(|token| token.reveal().into())),
        ("endpoint", args.endpoint.clone().map(Value::from)),
    ];
    for (key, value) in given {
        if let Some(value) = value {
            fields.insert(key.into(), value);
        }
    }
    Ok(fields)
}

async fn storages(config: &Config) -> anyhow::Result<AllStorages> {
    let native = NativeStore::open(&config.storage)?;
    let backup = NativeStore::backup(&config.backup)?;
    let loading = config.clone();
    let load = move || plugins::load(&loading, Arc::new(SystemClock::start()));
    let plugins = tokio::task::spawn_blocking(load).await??;
    Ok(AllStorages {
        native: Arc::new(native),
        backup: backup.map(Arc::new),
        plugins: Arc::new(plugins),
    })
}

/// A file to upload; it goes when this goes.
struct Probe {
    upload: Upload,
}

impl Probe {
    fn write(args: &TestArgs) -> anyhow::Result<Self> {
        if args.size > MAX_PROBE {
            bail!("--size is {}; at most {MAX_PROBE}", args.size);
        }
        let mut name = [0_u8; 8];
        getrandom::fill(&mut name).map_err(|error| anyhow!("no randomness: {error}"))?;
        let name = format!("capstan-probe-{}.txt", hex::encode(name));
        let prefix = args.prefix.trim_matches('/');
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        let path: PathBuf = std::env::temp_dir().join(name);
        let text = "Capstan wrote this to see whether it can. It may be deleted.\n";
        let bytes: Vec<u8> = text.bytes().cycle().take(args.size).collect();
        std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        let upload = Upload {
            id: key.clone(),
            key,
            path,
            size: args.size as u64,
            content_type: "text/plain; charset=utf-8".into(),
            saved: None,
        };
        Ok(Self { upload })
    }
}

impl UploadProgress for Probe {
    fn save(&self, _state: Vec<u8>) {}
}

impl Drop for Probe {
    fn drop(&mut self) {
        let path: &Path = &self.upload.path;
        // A probe that stays behind in the folder for temporary files harms nobody.
        let _ = std::fs::remove_file(path);
    }
}

/// The storage's words, and what they mean for whoever set it up.
fn explained(error: &UploadError) -> anyhow::Error {
    let advice = match error {
        UploadError::Rejected { code, .. } => advice(code),
        UploadError::BadConfig { .. } => advice("bad-config"),
        UploadError::Transient { .. } => {
            "the store is busy, fails or can't be reached: try again, then look at --endpoint, the \
             network and the vendor's status page"
        }
        UploadError::Fault(_) => "the plugin has a bug: tell its author",
        UploadError::File { .. } => "the probe file can't be read: look at the disk",
    };
    anyhow!("{error}\nWhat it means: {advice}.")
}

/// What to do about a class of refusals, in the storage contract's names.
fn advice(class: &str) -> &'static str {
    match class {
        "bad-credentials" => {
            "the vendor doesn't know the access key, or the secret key isn't its secret: copy both again"
        }
        "expired-credentials" => "the temporary credentials are over: get new ones",
        "clock-skew" => "this machine's clock is wrong: set it, by NTP for example",
        "no-bucket" => {
            "there is no such bucket, or not in this region: compare --bucket and --region with the \
             vendor's console"
        }
        "wrong-region" => "the bucket is in another region: change --region",
        "denied" => "the keys are good but may not write here: give them the right to put objects",
        "quota" => "the account is in arrears or the bucket is full: ask the vendor",
        "already-exists" => "an object of this name is there and may not be replaced",
        "bad-config" => "the configuration doesn't fit: the words above name the member",
        "not-granted" => {
            "the plugin wants to reach a host that isn't granted: name it in [plugins] allow, in the \
             vendor's hosts, or (a private address) in allow_private"
        }
        "no-plugin" => "the plugin isn't in a plugin folder: see `capstan plugin list`",
        _ => "the vendor said no for a reason of its own: its words are above",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_of_the_contract_is_explained() {
        let wit = include_str!("../../../../wit/v1/storage.wit");
        let kinds = wit.split("variant failure-kind {").nth(1).unwrap().split("\n  }").next();
        let classes = kinds.unwrap().lines().map(str::trim).filter(|line| !line.starts_with("//"));
        let names = classes.filter_map(|line| line.split([',', '(']).next());
        let passing = ["throttled", "transient", "integrity", "upload-gone", "rejected", ""];
        for class in names.filter(|class| !passing.contains(class)) {
            assert_ne!(advice(class), advice("rejected"), "{class}");
        }
    }
}
