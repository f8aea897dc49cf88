//! Where files go: `storageConfig`, and the credentials that `update` refreshes.

use capstan_media::time::RoomTime;
use serde_json::{Map, Value};

use super::now::Now;
use crate::agora::prefix::join_prefix;
use crate::agora::read::{BadField, Object};

/// The most elements of a prefix: with its 128 characters there can't be more.
const MAX_PREFIX_ELEMENTS: usize = 64;
/// Temporary credentials must hold for at least four hours.
const STS_AHEAD_SECONDS: i64 = 4 * 3_600;
/// Vendors whose temporary credentials aren't documented.
const WITHOUT_STS: [&str; 7] = ["0", "4", "5", "6", "7", "8", "11"];
/// What is wrong where a place is named but not whose it is.
const NO_VENDOR: &str = "is missing although a bucket or keys are given; it must be an integer";
/// The most characters of a vendor's name.
const MAX_VENDOR_NAME: usize = 64;

/// `storageConfig` of `start`.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct StorageRequest {
    /// `vendor`, a number or (Capstan's own) a name; `None` for the app's own storage.
    pub(crate) vendor: Option<String>,
    /// `fileNamePrefix`, joined; empty for none.
    pub(crate) prefix: String,
    /// All other fields, for the vendor's plugin. Secret.
    pub(crate) fields: Map<String, Value>,
}

/// `storageConfig` of `update`: fields to put over those of `start`. Secret.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Credentials(pub(crate) Map<String, Value>);

/// `storageConfig` for files that have their names already. Secret.
#[derive(Debug, PartialEq)]
pub(crate) enum StorageChange {
    /// Other keys for the same place.
    Keys(Credentials),
    /// All of it anew.
    Whole(StorageRequest),
}

impl StorageRequest {
    /// Reads `storageConfig`. What a vendor needs of it, its plugin knows.
    pub(crate) fn read(config: Object<'_>, now: Now) -> Result<Self, BadField> {
        let prefix = prefix(&config)?;
        let vendor = config.number_or_name("vendor", MAX_VENDOR_NAME)?;
        config.number_or_name("region", MAX_VENDOR_NAME)?;
        config.text("bucket")?;
        let Credentials(mut fields) = Credentials::read(config, now)?;
        extensions(config)?;
        if let (Some(vendor), true) = (&vendor, config.has("stsToken"))
            && WITHOUT_STS.contains(&vendor.as_str())
        {
            let what = format!("is for the vendors 1, 2 and 3; vendor {vendor} takes none");
            return Err(config.refuse("stsToken", what));
        }
        keep(&config, &["region", "bucket", "extensionParams"], &mut fields);
        if vendor.is_none() && !fields.is_empty() {
            return Err(config.refuse("vendor", NO_VENDOR));
        }
        Ok(Self { vendor, prefix, fields })
    }
}

impl StorageChange {
    /// Reads `storageConfig` for files whose names begin with `named`.
    pub(crate) fn read(config: Object<'_>, named: &str, now: Now) -> Result<Self, BadField> {
        let change = if config.has("vendor") || config.is_sketch() {
            Self::Whole(StorageRequest::read(config, now)?)
        } else {
            if ["region", "bucket", "extensionParams"].iter().any(|key| config.has(key)) {
                return Err(config.refuse("vendor", NO_VENDOR));
            }
            let keys = Credentials::read(config, now)?;
            if keys.0.is_empty() {
                let what = "is missing, and so are new keys: there is nothing to change";
                return Err(config.refuse("vendor", what));
            }
            Self::Keys(keys)
        };
        let other = prefix(&config)? != named && !config.is_sketch();
        if other && config.has("fileNamePrefix") {
            let what = format!(
                "isn't the recording's; it must be {named:?} in parts, or left out: files keep their \
                 names"
            );
            return Err(config.refuse("fileNamePrefix", what));
        }
        Ok(change)
    }
}

impl Credentials {
    /// Reads the keys.
    pub(crate) fn read(config: Object<'_>, Now(now): Now) -> Result<Self, BadField> {
        for key in ["accessKey", "secretKey", "stsToken"] {
            config.secret(key)?;
        }
        let expires = config.unix_seconds("stsExpiration")?;
        if config.has("stsToken") {
            let expires = expires.ok_or_else(|| {
                let what = "is missing; stsToken needs the Unix second at which it expires";
                config.refuse("stsExpiration", what)
            })?;
            check_expiry(&config, expires, now)?;
        }
        let mut fields = Map::new();
        keep(&config, &["accessKey", "secretKey", "stsToken", "stsExpiration"], &mut fields);
        Ok(Self(fields))
    }
}

fn prefix(config: &Object<'_>) -> Result<String, BadField> {
    let elements = config.texts("fileNamePrefix", MAX_PREFIX_ELEMENTS)?.unwrap_or_default();
    join_prefix(&elements).map_err(|what| config.refuse("fileNamePrefix", what))
}

fn check_expiry(config: &Object<'_>, expires: i64, now: RoomTime) -> Result<(), BadField> {
    let least = now.as_millis() / 1_000 + STS_AHEAD_SECONDS;
    if expires >= least {
        return Ok(());
    }
    let what = format!("is {expires}; it must be at least 4 hours ahead, {least} or later");
    Err(config.refuse("stsExpiration", what))
}

/// `extensionParams`: the types of what is documented; the rest is the vendor's.
fn extensions(config: Object<'_>) -> Result<(), BadField> {
    config.object("extensionParams", |params| {
        params.choice("sse", &["kms", "aes256"])?;
        params.text("tag")?;
        params.text("endpoint")?;
        params.flag("enableNTPtimestamp").map(drop)
    })
}

fn keep(config: &Object<'_>, keys: &[&str], fields: &mut Map<String, Value>) {
    for key in keys {
        if let Some(value) = config.value(key) {
            fields.insert((*key).to_owned(), value.clone());
        }
    }
}
