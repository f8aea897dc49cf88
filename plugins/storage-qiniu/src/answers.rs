//! What Kodo's answers mean: the status is the code, and some need their words read.

use capstan_store_kit::answer::{Refusal, header, is_success, retry_after};
use capstan_store_kit::class::Class;
use capstan_store_kit::io::Response;
use capstan_store_kit::uploader::Failure;
use serde_json::Value;

/// The object is stored, but a callback that the bucket asks for failed.
const STORED_ALL_THE_SAME: u16 = 579;

/// A text of an answer's JSON.
pub(crate) fn text(answer: &Response, name: &str) -> Option<String> {
    Some(member(answer, name)?.as_str()?.to_owned())
}

/// A number of an answer's JSON.
pub(crate) fn number(answer: &Response, name: &str) -> Option<u64> {
    member(answer, name)?.as_u64()
}

/// Why Kodo refused; `None` if it didn't.
pub(crate) fn refusal(answer: &Response) -> Option<Failure> {
    let request_id = header(answer, "x-reqid").map(String::from);
    if is_success(answer) || answer.status == STORED_ALL_THE_SAME {
        // Every answer of Kodo's has its name; a proxy on the way has not.
        let stranger = Refusal {
            status: answer.status,
            message: Some("the answer is none of Kodo's: it has no X-Reqid".into()),
            ..Refusal::default()
        };
        return request_id.is_none().then(|| stranger.failure(Some(Class::Transient)));
    }
    let words = text(answer, "error");
    let class = class(answer.status, words.as_deref().unwrap_or_default());
    let refusal = Refusal {
        status: answer.status,
        code: text(answer, "error_code").or_else(|| Some(answer.status.to_string())),
        hint: words.as_deref().and_then(host_in).map(Into::into),
        message: words,
        request_id,
        wait_ms: retry_after(answer),
    };
    Some(refusal.failure(class))
}

fn class(status: u16, words: &str) -> Option<Class> {
    let words = words.to_ascii_lowercase();
    let says = |part: &str| words.contains(part);
    Some(match status {
        400 if says("incorrect region") => Class::WrongRegion,
        400 if says("invalid part") => Class::UploadGone,
        401 | 403 if says("expired") || says("out of date") || says("skewed") => Class::ClockSkew,
        401 => Class::BadCredentials,
        406 => Class::Integrity,
        413 => Class::BadConfig,
        419 | 630 => Class::Quota,
        573 => Class::Throttled,
        612 => Class::UploadGone,
        614 => Class::AlreadyExists,
        631 => Class::NoBucket,
        _ => return None,
    })
}

/// The upload host that an answer recommends.
fn host_in(words: &str) -> Option<&str> {
    words.split([' ', ',']).find(|word| word.ends_with(".qiniup.com"))
}

fn member(answer: &Response, name: &str) -> Option<Value> {
    let value: Value = serde_json::from_slice(&answer.body).ok()?;
    value.get(name).cloned()
}
