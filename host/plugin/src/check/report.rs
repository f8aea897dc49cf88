//! What came of trying a plugin out: facts, findings, and one verdict.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::classify::{Refusal, World};
use crate::plugin::Plugin;

/// How one promise was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Kept.
    Pass,
    /// Worth a look; nothing is broken.
    Warn,
    /// Broken.
    Fail,
}

/// One promise, and how it was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How.
    pub verdict: Verdict,
    /// The promise.
    pub what: String,
    /// What was seen; empty if there is nothing to say.
    pub detail: String,
}

/// How long calls of one kind took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallTime {
    /// Which calls.
    pub what: String,
    /// How many.
    pub calls: usize,
    /// The middle one, in microseconds.
    pub median_us: u64,
    /// The longest, in microseconds.
    pub longest_us: u64,
}

/// Everything that was found out about a plugin's file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Its name; empty if it couldn't be loaded.
    pub name: String,
    /// Its version.
    pub version: String,
    /// One line for people.
    pub summary: String,
    /// What it is for.
    pub world: Option<World>,
    /// The version of the contract that it was built against.
    pub contract: String,
    /// The file's size in bytes.
    pub size: usize,
    /// The file's SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// What it imports.
    pub imports: Vec<String>,
    /// The endpoints that the configuration tried needs.
    pub wants: Vec<String>,
    /// The JSON Schema of its configuration.
    pub config_schema: Value,
    /// The most linear memory that an instance had after its work, in bytes.
    pub memory: usize,
    /// How long its calls took.
    pub times: Vec<CallTime>,
    /// The promises.
    pub findings: Vec<Finding>,
}

impl CheckReport {
    /// The facts about a plugin that was loaded: the first promise.
    pub(super) fn of(plugin: &Plugin, bytes: &[u8], imports: Vec<String>) -> Self {
        let manifest = &plugin.manifest;
        let mut report = Self {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            summary: manifest.summary.clone(),
            world: Some(plugin.class.world),
            contract: plugin.class.contract.clone(),
            size: bytes.len(),
            sha256: Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
            imports,
            config_schema: serde_json::from_str(&manifest.config_schema).unwrap_or_default(),
            ..Self::default()
        };
        report.pass("the host loads it", "");
        report
    }

    /// A file that isn't even loaded.
    pub(super) fn refused(size: usize, reason: &Refusal) -> Self {
        let mut report = Self { size, ..Self::default() };
        report.fail("the host loads it", reason.to_string());
        report
    }

    /// Whether every promise was kept.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.findings.iter().all(|finding| finding.verdict != Verdict::Fail)
    }

    /// A promise kept.
    pub(super) fn pass(&mut self, what: &str, detail: impl Into<String>) {
        self.push(Verdict::Pass, what, detail.into());
    }

    /// Something worth a look.
    pub(super) fn warn(&mut self, what: &str, detail: impl Into<String>) {
        self.push(Verdict::Warn, what, detail.into());
    }

    /// A promise broken.
    pub(super) fn fail(&mut self, what: &str, detail: impl Into<String>) {
        self.push(Verdict::Fail, what, detail.into());
    }

    /// A promise that is broken if there is something to say about it.
    pub(super) fn note(&mut self, what: &str, broken: Option<String>) {
        match broken {
            Some(detail) => self.fail(what, detail),
            None => self.pass(what, ""),
        }
    }

    fn push(&mut self, verdict: Verdict, what: &str, detail: String) {
        self.findings.push(Finding { verdict, what: what.to_owned(), detail });
    }

    /// Remembers how long some calls took.
    pub(super) fn timed(&mut self, what: impl Into<String>, mut micros: Vec<u64>) {
        micros.sort_unstable();
        let (Some(median), Some(longest)) = (micros.get(micros.len() / 2), micros.last()) else {
            return;
        };
        let (median_us, longest_us) = (*median, *longest);
        self.times.push(CallTime { what: what.into(), calls: micros.len(), median_us, longest_us });
    }
}
