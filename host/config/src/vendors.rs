//! The vendors of `storageConfig`: which plugin serves a number or a name, with which regions, and
//! what it may reach for that.
//!
//! The shipped table is data, `vendors.toml`; the operator's `[storage.vendors]` stands over it, so
//! that a new vendor needs configuration only.

use std::collections::BTreeMap;

use capstan_outbox::ports::StorageTarget;
use capstan_plugin::Grant;
use serde_json::{Map, Value};

use crate::error::ConfigError;
use crate::names::STORE;
use crate::schema::VendorEntry;
use crate::secret::{Secret, resolve};

/// The shipped table.
const SHIPPED: &str = include_str!("vendors.toml");
/// The most characters of a vendor's name and of a region's.
const MAX_NAME: usize = 64;
/// What plugins are told the secret key as.
const SECRET_KEY: &str = "secretKey";

/// Every vendor that this server serves.
#[derive(Debug, Clone)]
pub struct Vendors(BTreeMap<String, Vendor>);

/// One vendor, checked.
#[derive(Debug, Clone)]
pub struct Vendor {
    /// What people call it, and may write instead of the number.
    pub name: String,
    /// The storage plugin that serves it, or [`STORE`].
    pub plugin: String,
    /// Region names by the API's numbers; empty if the vendor has none.
    pub regions: BTreeMap<u32, String>,
    /// What the plugin may reach for it: public addresses only.
    pub hosts: Vec<Grant>,
    /// Given to the plugin where the request is silent.
    pub config: toml::Table,
    /// The same for the secret key, which nothing shows.
    secret_key: Option<Secret>,
    /// Whether the operator wrote it, or changed what is shipped.
    pub of_operator: bool,
}

/// A region that a vendor hasn't.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRegion(pub String);

impl Vendors {
    /// The shipped table with the operator's entries over it.
    pub(super) fn check(entries: BTreeMap<String, VendorEntry>) -> Result<Self, ConfigError> {
        let mut table: BTreeMap<String, VendorEntry> = toml::from_str(SHIPPED)
            .map_err(|error| ConfigError::at("the shipped vendors.toml", error.message()))?;
        let mut written = Vec::new();
        for (key, entry) in entries {
            written.push(key.clone());
            match table.get_mut(&key) {
                Some(shipped) => shipped.overlay(entry),
                None => drop(table.insert(key, entry)),
            }
        }
        let mut vendors = BTreeMap::new();
        for (key, entry) in table.into_iter().filter(|(_, entry)| entry.enabled != Some(false)) {
            let of_operator = written.contains(&key);
            let vendor = Vendor::check(&key, entry, of_operator)?;
            vendors.insert(key, vendor);
        }
        let vendors = Self(vendors);
        vendors.names_are_unique()?;
        Ok(vendors)
    }

    /// The vendor of a number or a name, with the number (or name) under which it is configured.
    #[must_use]
    pub fn find(&self, asked: &str) -> Option<(&str, &Vendor)> {
        let by_name = || self.0.iter().find(|(_, vendor)| vendor.name == asked);
        let found = self.0.get_key_value(asked).or_else(by_name)?;
        Some((found.0.as_str(), found.1))
    }

    /// All of them by their numbers or names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Vendor)> {
        self.0.iter().map(|(key, vendor)| (key.as_str(), vendor))
    }

    /// What may be asked for, in the order of the numbers: `0 (qiniu), 1 (s3), minio`.
    #[must_use]
    pub fn known(&self) -> String {
        let mut known: Vec<(u32, String)> = self
            .0
            .iter()
            .map(|(key, vendor)| match key.parse() {
                Ok(number) => (number, format!("{number} ({})", vendor.name)),
                Err(_) => (u32::MAX, key.clone()),
            })
            .collect();
        known.sort();
        known.into_iter().map(|(_, shown)| shown).collect::<Vec<_>>().join(", ")
    }

    fn names_are_unique(&self) -> Result<(), ConfigError> {
        let taken = |name: &str, by: &str| {
            self.0.iter().any(|(key, vendor)| key != by && (key == name || vendor.name == name))
        };
        match self.0.iter().find(|(key, vendor)| taken(&vendor.name, key)) {
            Some((key, vendor)) => {
                let what = format!("another vendor is called {:?} already", vendor.name);
                Err(ConfigError::at(&format!("storage.vendors.{key}.name"), what))
            }
            None => Ok(()),
        }
    }
}

impl Vendor {
    fn check(key: &str, entry: VendorEntry, of_operator: bool) -> Result<Self, ConfigError> {
        let place = |field: &str| format!("storage.vendors.{key}.{field}");
        if key.parse::<u32>().is_err() && !is_name(key) {
            let what = format!("{key:?} is neither a number nor a name of a-z, 0-9 and '-'");
            return Err(ConfigError::at("storage.vendors", what));
        }
        let name = entry.name.unwrap_or_else(|| key.to_owned());
        if key != name && !is_name(&name) {
            let what = format!("{name:?} is no name of a-z, 0-9 and '-', beginning with a letter");
            return Err(ConfigError::at(&place("name"), what));
        }
        let plugin = entry.plugin.ok_or_else(|| {
            let what = format!("is missing: a storage plugin's name, or {STORE:?}");
            ConfigError::at(&place("plugin"), what)
        })?;
        let mut regions = BTreeMap::new();
        for (number, region) in entry.regions {
            let number = number.parse().map_err(|_| {
                ConfigError::at(&place("regions"), format!("{number:?} is not a region's number"))
            })?;
            regions.insert(number, region);
        }
        let mut hosts = Vec::new();
        for host in entry.hosts.unwrap_or_default() {
            let grant: Grant =
                host.parse().map_err(|bad| ConfigError::at(&place("hosts"), format!("{bad}")))?;
            hosts.push(grant);
        }
        let mut config = entry.config;
        let secret_key =
            resolve(&place("secret_key"), entry.secret_key, entry.secret_key_file.as_deref())?;
        let secret_key = match (config.remove(SECRET_KEY), secret_key) {
            (Some(_), Some(_)) => {
                let what = format!("the key stands in config.{SECRET_KEY} as well; keep one");
                return Err(ConfigError::at(&place("secret_key"), what));
            }
            (Some(toml::Value::String(inline)), None) => Some(Secret::new(inline)),
            (Some(_), None) => {
                return Err(ConfigError::at(&place("config"), format!("{SECRET_KEY} is no text")));
            }
            (None, secret_key) => secret_key,
        };
        // What the operator's own configuration names may be reached.
        if let Some(toml::Value::String(endpoint)) = config.get("endpoint") {
            hosts.extend(host_of(endpoint));
        }
        Ok(Self { name, plugin, regions, hosts, config, secret_key, of_operator })
    }

    /// Where a recording goes that brings these fields of `storageConfig`: they stand over the
    /// configured ones, and the region is told by its name.
    ///
    /// # Errors
    /// The vendor has no such region.
    pub fn target(
        &self,
        key: &str,
        fields: Map<String, Value>,
    ) -> Result<StorageTarget, BadRegion> {
        let mut config = match serde_json::to_value(&self.config) {
            Ok(Value::Object(defaults)) => defaults,
            _ => Map::new(),
        };
        if let Some(key) = &self.secret_key {
            config.insert(SECRET_KEY.into(), key.reveal().into());
        }
        config.extend(fields);
        let vendor = key.parse().map_or_else(|_| Value::from(key), |number: u32| number.into());
        config.insert("vendor".into(), vendor);
        if let Some(region) = config.remove("region")
            && let Some(name) = self.region(&region)?
        {
            config.insert("region".into(), name.into());
        }
        let config = Value::Object(config).to_string();
        Ok(StorageTarget { storage: self.plugin.clone(), config })
    }

    /// A region as the plugin is told it: a number by the vendor's table, a name as it is.
    ///
    /// # Errors
    /// The number is not in the table, or it is neither a number nor a name.
    pub fn region(&self, asked: &Value) -> Result<Option<String>, BadRegion> {
        if let Some(name) = asked.as_str() {
            let fits = !name.is_empty() && name.chars().count() <= MAX_NAME;
            let bad = || BadRegion(format!("is not a name of 1 to {MAX_NAME} characters"));
            return fits.then(|| Some(name.to_owned())).ok_or_else(bad);
        }
        let Some(number) = asked.as_u64() else {
            return Err(BadRegion("must be a region's number or its name".into()));
        };
        if self.regions.is_empty() {
            return Ok(None);
        }
        let known = u32::try_from(number).ok().and_then(|number| self.regions.get(&number));
        known.cloned().map(Some).ok_or_else(|| {
            let list = self.regions.iter().map(|(number, name)| format!("{number} {name}"));
            let list = list.collect::<Vec<_>>().join(", ");
            BadRegion(format!("is {number}; vendor {} has {list}", self.name))
        })
    }
}

fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.len() <= MAX_NAME
        && text.bytes().all(fits)
        && text != STORE
}

/// The host of an endpoint as a grant: a URL, or a host with or without a port.
fn host_of(endpoint: &str) -> Option<Grant> {
    let rest = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    rest.split('/').next()?.parse().ok()
}

impl VendorEntry {
    /// What the operator wrote goes before what is shipped, region by region.
    fn overlay(&mut self, over: Self) {
        let Self { name, plugin, regions, hosts, config, secret_key, secret_key_file, enabled } =
            over;
        self.name = name.or(self.name.take());
        self.plugin = plugin.or(self.plugin.take());
        self.regions.extend(regions);
        self.hosts = hosts.or(self.hosts.take());
        self.config.extend(config);
        self.secret_key = secret_key.or(self.secret_key.take());
        self.secret_key_file = secret_key_file.or(self.secret_key_file.take());
        self.enabled = enabled.or(self.enabled);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn vendors(text: &str) -> Result<Vendors, ConfigError> {
        Vendors::check(toml::from_str(text).unwrap())
    }

    #[test]
    fn agoras_numbers_are_there_without_a_configuration() {
        let vendors = vendors("").unwrap();
        for number in [0, 1, 2, 3, 4, 5, 6, 7, 8, 11] {
            let (key, vendor) = vendors.find(&number.to_string()).unwrap();
            assert_eq!(key, number.to_string());
            assert!(vendor.plugin.starts_with("storage-") && !vendor.of_operator);
            assert!(!vendor.hosts.is_empty(), "{number}");
            assert_eq!(vendors.find(&vendor.name).unwrap().0, key);
        }
        let region = |vendor: &str, number: u32| {
            vendors.find(vendor).unwrap().1.region(&json!(number)).unwrap()
        };
        assert_eq!(region("0", 3).as_deref(), Some("na0"));
        assert_eq!(region("1", 28).as_deref(), Some("il-central-1"));
        assert_eq!(region("2", 0).as_deref(), Some("cn-hangzhou"));
        assert_eq!(region("3", 19).as_deref(), Some("eu-moscow"));
        assert_eq!(region("7", 15).as_deref(), Some("sa-chile-1"));
        assert_eq!(region("8", 6).as_deref(), Some("fwh"));
        assert_eq!(region("6", 4), None, "Google's is ignored");
        let known = vendors.known();
        assert!(known.starts_with("0 (qiniu), 1 (s3), 2 (aliyun)"), "{known}");
    }

    #[test]
    fn the_operators_words_stand_over_the_table_key_by_key() {
        let vendors = vendors(
            "[1]\nconfig = { storage_class = \"STANDARD_IA\" }\nregions = { 99 = \"moon-1\" }\n\
             [5]\nenabled = false\n\
             [42]\nplugin = \"storage-mine\"\nhosts = [\"*.mine.example\"]\n\
             [minio]\nplugin = \"storage-s3\"\nconfig = { endpoint = \"http://minio.local:9000/x\" }\n",
        )
        .unwrap();
        let (_, amazon) = vendors.find("1").unwrap();
        assert_eq!(amazon.plugin, "storage-s3");
        assert_eq!(amazon.region(&json!(99)).unwrap().as_deref(), Some("moon-1"));
        assert_eq!(amazon.region(&json!(0)).unwrap().as_deref(), Some("us-east-1"));
        assert!(amazon.of_operator && amazon.config.contains_key("storage_class"));
        assert!(vendors.find("5").is_none() && vendors.find("azure").is_none());
        assert_eq!(vendors.find("42").unwrap().1.hosts, ["*.mine.example".parse().unwrap()]);
        let (key, minio) = vendors.find("minio").unwrap();
        assert_eq!((key, minio.name.as_str()), ("minio", "minio"));
        assert_eq!(minio.hosts, ["minio.local:9000".parse().unwrap()]);
        assert!(vendors.known().ends_with(", 42 (42), minio"), "{}", vendors.known());
    }

    #[test]
    fn regions_that_are_not_there_are_answered_with_those_that_are() {
        let vendors = vendors("").unwrap();
        let (_, qiniu) = vendors.find("0").unwrap();
        let BadRegion(what) = qiniu.region(&json!(9)).unwrap_err();
        assert_eq!(what, "is 9; vendor qiniu has 0 z0, 1 z1, 2 z2, 3 na0, 4 as0");
        assert_eq!(qiniu.region(&json!("z9")).unwrap().as_deref(), Some("z9"));
        for wrong in [json!(-1), json!(1.5), json!(true), json!(""), json!("x".repeat(65))] {
            assert!(qiniu.region(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_request_stands_over_the_configuration_and_names_its_region() {
        let vendors = vendors("[1]\nconfig = { bucket = \"ours\", part_size = 8 }\n").unwrap();
        let (key, amazon) = vendors.find("s3").unwrap();
        let fields = json!({"region": 7, "bucket": "theirs", "stsToken": "t"});
        let target = amazon.target(key, fields.as_object().unwrap().clone()).unwrap();
        assert_eq!(target.storage, "storage-s3");
        let config: Value = serde_json::from_str(&target.config).unwrap();
        let expected = json!({"vendor": 1, "region": "eu-central-1", "bucket": "theirs",
            "stsToken": "t", "part_size": 8});
        assert_eq!(config, expected);
    }

    #[test]
    fn the_operators_secret_key_comes_from_anywhere_and_is_never_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "the-secret\n").unwrap();
        for given in [
            "secret_key = \"the-secret\"".to_owned(),
            format!("secret_key_file = {:?}", file.path()),
            "config = { secretKey = \"the-secret\" }".to_owned(),
        ] {
            let vendors =
                vendors(&format!("[bucket]\nplugin = \"storage-s3\"\n{given}\n")).unwrap();
            assert!(!format!("{vendors:?}").contains("the-secret"), "{given}");
            let (key, bucket) = vendors.find("bucket").unwrap();
            let told = |fields: Value| {
                let target = bucket.target(key, fields.as_object().unwrap().clone()).unwrap();
                serde_json::from_str::<Value>(&target.config).unwrap()[SECRET_KEY].clone()
            };
            assert_eq!(told(json!({})), "the-secret", "{given}");
            assert_eq!(told(json!({"secretKey": "theirs"})), "theirs", "{given}");
        }
    }

    #[test]
    fn mistakes_are_named_by_their_key() {
        for (text, place) in [
            ("[42]\nname = \"x\"\n", "storage.vendors.42.plugin"),
            ("[Minio]\nplugin = \"storage-s3\"\n", "storage.vendors"),
            ("[store]\nplugin = \"storage-s3\"\n", "storage.vendors"),
            ("[42]\nplugin = \"a\"\nname = \"s3\"\n", "storage.vendors.1.name"),
            ("[1]\nhosts = [\"http://x\"]\n", "storage.vendors.1.hosts"),
            ("[1]\nregions = { one = \"x\" }\n", "storage.vendors.1.regions"),
            ("[1]\nsecret_key_file = \"/nowhere\"\n", "storage.vendors.1.secret_key_file"),
            (
                "[1]\nsecret_key = \"a\"\nconfig = { secretKey = \"b\" }\n",
                "storage.vendors.1.secret_key",
            ),
        ] {
            assert_eq!(vendors(text).unwrap_err().place, place, "{text}");
        }
    }
}
