//! What an answer of S3 means: taken, or refused in one of the contract's classes.

use crate::io::{Response, TransportError, TransportFailure};
use crate::uploader::{Failure, FailureKind};
use crate::xml;

/// The longest pause that a vendor is believed, in milliseconds: an hour.
const MAX_PAUSE_MS: u32 = 3_600_000;

/// Why the vendor refused; `None` if it didn't.
pub(crate) fn refusal(response: &Response) -> Option<Failure> {
    if (200..300).contains(&response.status) {
        return None;
    }
    Some(failure(response, &String::from_utf8_lossy(&response.body)))
}

/// The same for the end of a multipart upload, where a 200 may carry an error: the status is sent
/// before the work is done, and white space while it lasts.
pub(crate) fn late_refusal(response: &Response) -> Option<Failure> {
    let body = String::from_utf8_lossy(&response.body);
    match refusal(response) {
        None if xml::root(&body) == Some("Error") => Some(failure(response, &body)),
        refusal => refusal,
    }
}

/// A header's value; the name in lower case.
pub(crate) fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.trim())
}

/// A failure in the plugin's own words.
pub(crate) fn failed(kind: FailureKind, message: impl Into<String>) -> Failure {
    Failure { kind, vendor_code: None, message: message.into(), request_id: None }
}

/// Why no answer came, as a failure of the job.
pub(crate) fn unanswered(failure: &TransportFailure) -> Failure {
    let (kind, what) = match failure.error {
        TransportError::Refused => (FailureKind::BadConfig, "the host may not ask this endpoint"),
        TransportError::Invalid => (FailureKind::Rejected, "the host refused the request"),
        TransportError::File => (FailureKind::Rejected, "the file can't be read"),
        TransportError::Dns => (FailureKind::Transient, "the store's name can't be resolved"),
        TransportError::Connect => (FailureKind::Transient, "the store can't be reached"),
        TransportError::Tls => (FailureKind::Transient, "no trusted TLS with the store"),
        TransportError::Timeout => (FailureKind::Transient, "the store didn't answer in time"),
        TransportError::Closed => (FailureKind::Transient, "the connection broke"),
        TransportError::Protocol => (FailureKind::Transient, "the store answered no HTTP"),
    };
    failed(kind, cut(&format!("{what}: {}", failure.detail), 500))
}

fn failure(response: &Response, body: &str) -> Failure {
    let code = xml::text(body, "Code");
    let kind = match code.as_deref().and_then(|code| by_code(code, response, body)) {
        Some(kind) => kind,
        None => by_status(response),
    };
    let message =
        xml::text(body, "Message").unwrap_or_else(|| format!("status {}", response.status));
    let request_id = header(response, "x-amz-request-id").map(Into::into);
    Failure {
        kind,
        vendor_code: code.map(|code| cut(&code, 128)),
        message: cut(&message, 500),
        request_id: request_id.or_else(|| xml::text(body, "RequestId")).map(|id| cut(&id, 128)),
    }
}

fn by_code(code: &str, response: &Response, body: &str) -> Option<FailureKind> {
    Some(match code {
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "InvalidSecurity" => {
            FailureKind::BadCredentials
        }
        "ExpiredToken" | "TokenRefreshRequired" => FailureKind::ExpiredCredentials,
        "RequestTimeTooSkewed" | "RequestExpired" => FailureKind::ClockSkew,
        "NoSuchBucket" => FailureKind::NoBucket,
        "AuthorizationHeaderMalformed"
        | "PermanentRedirect"
        | "IllegalLocationConstraintException" => FailureKind::WrongRegion(hint(response, body)),
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" | "NotSignedUp"
        | "InvalidPayer" => FailureKind::Denied,
        "QuotaExceeded" | "XMinioAdminBucketQuotaExceeded" | "XMinioStorageFull" => {
            FailureKind::Quota
        }
        "SlowDown"
        | "TooManyRequests"
        | "RequestLimitExceeded"
        | "ThrottlingException"
        | "Throttling" => FailureKind::Throttled(retry_after(response)),
        "InternalError" | "ServiceUnavailable" | "RequestTimeout" | "IncompleteBody"
        | "OperationAborted" | "TemporaryRedirect" => FailureKind::Transient,
        "BadDigest"
        | "InvalidDigest"
        | "XAmzContentSHA256Mismatch"
        | "XAmzContentChecksumMismatch" => FailureKind::Integrity,
        // Parts that the vendor no longer holds are as lost as the whole upload.
        "NoSuchUpload" | "InvalidPart" | "InvalidPartOrder" => FailureKind::UploadGone,
        "PreconditionFailed" => FailureKind::AlreadyExists,
        "EntityTooSmall"
        | "InvalidStorageClass"
        | "InvalidEncryptionAlgorithmError"
        | "InvalidTag"
        | "InvalidBucketName"
        | "NotImplemented"
        | "MethodNotAllowed" => FailureKind::BadConfig,
        _ if code.starts_with("KMS.") => FailureKind::BadConfig,
        _ => return None,
    })
}

/// For answers without a known code: those of proxies, of HEAD (which has no body), of others' stores.
fn by_status(response: &Response) -> FailureKind {
    match response.status {
        301 => FailureKind::WrongRegion(hint(response, "")),
        302..=399 | 408 | 409 => FailureKind::Transient,
        401 | 403 => FailureKind::Denied,
        412 => FailureKind::AlreadyExists,
        429 => FailureKind::Throttled(retry_after(response)),
        507 => FailureKind::Quota,
        503 if retry_after(response).is_some() => FailureKind::Throttled(retry_after(response)),
        500..=599 => FailureKind::Transient,
        _ => FailureKind::Rejected,
    }
}

/// Where the bucket is, if the vendor says it.
fn hint(response: &Response, body: &str) -> Option<String> {
    let hint = header(response, "x-amz-bucket-region").map(Into::into);
    let hint = hint.or_else(|| xml::text(body, "Region")).or_else(|| xml::text(body, "Endpoint"));
    hint.map(|hint| cut(&hint, 253))
}

/// `Retry-After` in milliseconds, if it is a number of seconds.
fn retry_after(response: &Response) -> Option<u32> {
    let seconds: u32 = header(response, "retry-after")?.parse().ok()?;
    Some(seconds.saturating_mul(1000).min(MAX_PAUSE_MS))
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Response {
            status,
            headers: headers.iter().map(own).collect(),
            body: body.into(),
            truncated: false,
        }
    }

    fn kind(status: u16, code: &str) -> FailureKind {
        let body = format!("<Error><Code>{code}</Code><Region>eu-west-1</Region></Error>");
        refusal(&answer(status, &[], &body)).map(|failure| failure.kind).unwrap()
    }

    #[test]
    fn codes_decide_whatever_the_status() {
        for (status, code, expected) in [
            (403, "InvalidAccessKeyId", FailureKind::BadCredentials),
            (403, "SignatureDoesNotMatch", FailureKind::BadCredentials),
            (400, "ExpiredToken", FailureKind::ExpiredCredentials),
            (403, "RequestTimeTooSkewed", FailureKind::ClockSkew),
            (404, "NoSuchBucket", FailureKind::NoBucket),
            (
                400,
                "AuthorizationHeaderMalformed",
                FailureKind::WrongRegion(Some("eu-west-1".into())),
            ),
            (403, "AccessDenied", FailureKind::Denied),
            (403, "QuotaExceeded", FailureKind::Quota),
            (503, "SlowDown", FailureKind::Throttled(None)),
            (500, "InternalError", FailureKind::Transient),
            (400, "RequestTimeout", FailureKind::Transient),
            (400, "BadDigest", FailureKind::Integrity),
            (404, "NoSuchUpload", FailureKind::UploadGone),
            (412, "PreconditionFailed", FailureKind::AlreadyExists),
            (400, "KMS.DisabledException", FailureKind::BadConfig),
            (400, "MadeUpByAnother", FailureKind::Rejected),
            (502, "MadeUpByAnother", FailureKind::Transient),
        ] {
            assert_eq!(kind(status, code), expected, "{status} {code}");
        }
    }

    #[test]
    fn answers_without_a_body_are_read_by_their_status() {
        let kind = |status, headers: &[(&str, &str)], body: &str| {
            refusal(&answer(status, headers, body)).unwrap().kind
        };
        assert_eq!(kind(403, &[], ""), FailureKind::Denied);
        assert_eq!(kind(502, &[], "<html>Bad gateway</html>"), FailureKind::Transient);
        assert_eq!(kind(429, &[("retry-after", "7")], ""), FailureKind::Throttled(Some(7000)));
        assert_eq!(kind(429, &[("retry-after", "soon")], ""), FailureKind::Throttled(None));
        let region = [("x-amz-bucket-region", "eu-north-1")];
        assert_eq!(kind(301, &region, ""), FailureKind::WrongRegion(Some("eu-north-1".into())));
    }

    #[test]
    fn a_200_may_hide_an_error_at_the_end_of_an_upload() {
        let hidden = " \n <?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code>\
            <Message>again</Message><RequestId>r1</RequestId></Error>";
        let response = answer(200, &[], hidden);
        assert_eq!(refusal(&response), None);
        let failure = late_refusal(&response).unwrap();
        assert_eq!(failure.kind, FailureKind::Transient);
        assert_eq!(failure.vendor_code.as_deref(), Some("InternalError"));
        assert_eq!(
            (failure.message.as_str(), failure.request_id.as_deref()),
            ("again", Some("r1"))
        );
    }

    #[test]
    fn long_words_are_cut() {
        let long = "x".repeat(5000);
        let body = format!("<Error><Code>{long}</Code><Message>{long}</Message></Error>");
        let failure = refusal(&answer(400, &[], &body)).unwrap();
        assert_eq!(failure.message.len(), 500);
        assert_eq!(failure.vendor_code.map(|code| code.len()), Some(128));
    }
}
