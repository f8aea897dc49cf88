//! What Azure's answers mean.

use capstan_store_kit::answer::{Refusal, header, is_success, retry_after, text};
use capstan_store_kit::class::{Class, Codes, lookup};
use capstan_store_kit::io::Response;
use capstan_store_kit::uploader::Failure;
use capstan_store_kit::xml;

const CODES: Codes = &[
    ("AuthenticationFailed", Class::BadCredentials),
    ("InvalidAuthenticationInfo", Class::BadCredentials),
    ("NoAuthenticationInformation", Class::BadCredentials),
    ("ContainerNotFound", Class::NoBucket),
    ("ResourceNotFound", Class::NoBucket),
    ("ContainerDisabled", Class::Denied),
    ("AuthorizationFailure", Class::Denied),
    ("AuthorizationPermissionMismatch", Class::Denied),
    ("AuthorizationProtocolMismatch", Class::Denied),
    ("AuthorizationResourceTypeMismatch", Class::Denied),
    ("AuthorizationServiceMismatch", Class::Denied),
    ("AuthorizationSourceIPMismatch", Class::Denied),
    ("InsufficientAccountPermissions", Class::Denied),
    ("KeyBasedAuthenticationNotPermitted", Class::Denied),
    ("AccountIsDisabled", Class::Quota),
    ("ServerBusy", Class::Throttled),
    ("InternalError", Class::Transient),
    ("OperationTimedOut", Class::Transient),
    ("ContainerBeingDeleted", Class::Transient),
    ("AccountBeingCreated", Class::Transient),
    ("Md5Mismatch", Class::Integrity),
    ("Crc64Mismatch", Class::Integrity),
    // Blocks that the vendor no longer holds are as lost as the whole upload.
    ("InvalidBlockList", Class::UploadGone),
    ("InvalidBlobOrBlock", Class::UploadGone),
    ("BlobAlreadyExists", Class::AlreadyExists),
    ("ConditionNotMet", Class::AlreadyExists),
    ("BlobImmutableDueToPolicy", Class::AlreadyExists),
    ("InvalidBlobTier", Class::BadConfig),
    ("InvalidHeaderValue", Class::BadConfig),
    ("UnsupportedHeader", Class::BadConfig),
    ("FeatureVersionMismatch", Class::BadConfig),
];

/// Why Azure refused; `None` if it didn't.
pub(crate) fn refusal(answer: &Response) -> Option<Failure> {
    if is_success(answer) {
        return None;
    }
    let document = text(answer);
    let code = header(answer, "x-ms-error-code").map(String::from);
    let code = code.or_else(|| xml::text(&document, "Code"));
    let detail = xml::text(&document, "AuthenticationErrorDetail").unwrap_or_default();
    let class =
        by_detail(&detail).or_else(|| code.as_deref().and_then(|code| lookup(&[CODES], code)));
    let refusal = Refusal {
        status: answer.status,
        code,
        message: xml::text(&document, "Message"),
        request_id: header(answer, "x-ms-request-id").map(Into::into),
        hint: None,
        wait_ms: retry_after(answer),
    };
    Some(refusal.failure(class))
}

/// A failed authentication may be one of time, which only its detail tells.
fn by_detail(detail: &str) -> Option<Class> {
    let says = |words: &str| detail.contains(words);
    if says("date header") {
        Some(Class::ClockSkew)
    } else if says("specified time frame") {
        Some(Class::ExpiredCredentials)
    } else {
        None
    }
}
