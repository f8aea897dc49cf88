//! The contract's classes of failure, and how a table of a vendor's codes names them.

use crate::uploader::FailureKind;

/// A class of failure, without what only one answer can tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// The key id is unknown or the secret wrong.
    BadCredentials,
    /// The temporary credentials are over.
    ExpiredCredentials,
    /// The vendor finds the clock wrong.
    ClockSkew,
    /// There is no such bucket.
    NoBucket,
    /// The bucket is elsewhere.
    WrongRegion,
    /// The credentials may not do this.
    Denied,
    /// In arrears, or full.
    Quota,
    /// Too many requests.
    Throttled,
    /// May succeed later.
    Transient,
    /// Damaged on the way.
    Integrity,
    /// The vendor no longer knows the upload.
    UploadGone,
    /// The key is taken.
    AlreadyExists,
    /// The configuration can't work with this vendor.
    BadConfig,
}

impl Class {
    /// The contract's value: `hint` says where the bucket is, `wait_ms` how long to leave the vendor
    /// alone.
    #[must_use]
    pub fn kind(self, hint: Option<String>, wait_ms: Option<u32>) -> FailureKind {
        match self {
            Self::BadCredentials => FailureKind::BadCredentials,
            Self::ExpiredCredentials => FailureKind::ExpiredCredentials,
            Self::ClockSkew => FailureKind::ClockSkew,
            Self::NoBucket => FailureKind::NoBucket,
            Self::WrongRegion => FailureKind::WrongRegion(hint),
            Self::Denied => FailureKind::Denied,
            Self::Quota => FailureKind::Quota,
            Self::Throttled => FailureKind::Throttled(wait_ms),
            Self::Transient => FailureKind::Transient,
            Self::Integrity => FailureKind::Integrity,
            Self::UploadGone => FailureKind::UploadGone,
            Self::AlreadyExists => FailureKind::AlreadyExists,
            Self::BadConfig => FailureKind::BadConfig,
        }
    }
}

/// A vendor's codes and what they mean.
pub type Codes = &'static [(&'static str, Class)];

/// The first meaning that the tables give to a code.
#[must_use]
pub fn lookup(tables: &[Codes], code: &str) -> Option<Class> {
    tables
        .iter()
        .flat_map(|table| *table)
        .find(|(known, _)| *known == code)
        .map(|(_, class)| *class)
}

/// For answers without a known code: those of proxies, of HEAD (which has no body), of stores with
/// codes of their own.
#[must_use]
pub fn by_status(status: u16, wait_ms: Option<u32>) -> Option<Class> {
    Some(match status {
        301 => Class::WrongRegion,
        302..=399 | 408 | 409 => Class::Transient,
        401 | 403 => Class::Denied,
        412 => Class::AlreadyExists,
        429 => Class::Throttled,
        507 => Class::Quota,
        503 if wait_ms.is_some() => Class::Throttled,
        500..=599 => Class::Transient,
        _ => return None,
    })
}
