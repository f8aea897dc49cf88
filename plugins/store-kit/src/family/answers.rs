//! What answers of S3's family mean.

use super::Names;
use crate::answer::{Refusal, header, is_success, retry_after, text};
use crate::io::Response;
use crate::uploader::Algorithm;
use crate::vendor::{Call, Facts, Verdict};

/// Why the vendor refused; `None` if it didn't. The end of an upload in parts may answer 200 and carry
/// an error all the same: the status is sent before the work is done, and white space while it lasts.
pub(super) fn refusal(
    names: &Names,
    call: Call,
    answer: &Response,
    document: &str,
) -> Option<Refusal> {
    let hidden = call == Call::Complete && names.format.is_error(document);
    if is_success(answer) && !hidden {
        return None;
    }
    let field = |name| names.format.text(document, name);
    let own_header = |name| header(answer, &format!("{}{name}", names.prefix)).map(String::from);
    Some(Refusal {
        status: answer.status,
        code: field("Code"),
        message: field("Message"),
        request_id: own_header("request-id").or_else(|| field("RequestId")),
        hint: own_header("bucket-region")
            .or_else(|| field("Region"))
            .or_else(|| field("Endpoint"))
            .or_else(|| header(answer, "location").map(Into::into)),
        wait_ms: retry_after(answer),
    })
}

/// The tag that an answer gives to a part or an object.
pub(super) fn tag(names: &Names, call: Call, answer: &Response) -> Option<String> {
    let in_body = || names.format.text(&text(answer), "ETag");
    match call {
        Call::Complete => in_body().or_else(|| header(answer, "etag").map(Into::into)),
        _ => header(answer, "etag").map(Into::into),
    }
}

/// Whether the vendor holds what was sent: by its checksum if it names one, else by its tag.
pub(super) fn verdict(names: &Names, facts: &Facts, call: Call, answer: &Response) -> Verdict {
    let by_checksum = match call {
        Call::Part(_) => Verdict::Unknown,
        _ => by_checksum(names, facts, call, answer),
    };
    if matches!(by_checksum, Verdict::Differs(_)) {
        return by_checksum;
    }
    let by_tag = tag(names, call, answer).map(|tag| by_tag(names, facts, call, answer, &tag));
    match by_tag {
        Some(Verdict::Unknown) | None => by_checksum,
        Some(verdict) => verdict,
    }
}

fn by_checksum(names: &Names, facts: &Facts, call: Call, answer: &Response) -> Verdict {
    let Some(checksum) = names.checksum else { return Verdict::Unknown };
    let digest = if facts.multipart {
        facts.whole.get(1).map(|digest| &**digest)
    } else {
        facts.parts.first().and_then(|part| part.digest(checksum.algorithm))
    };
    let in_headers = answer
        .headers
        .iter()
        .filter(|(name, _)| name == checksum.header)
        .find_map(|(_, value)| checksum.find(value).map(String::from));
    // Kingsoft's end of an upload says it in the body.
    let in_body = || names.format.text(&text(answer), "ChecksumCRC64ECMA");
    let claimed = in_headers.or_else(|| in_body().filter(|_| call == Call::Complete));
    match (digest.map(|digest| checksum.written(digest)), claimed) {
        (Some(expected), Some(claimed)) if claimed == expected => Verdict::Same,
        (Some(expected), Some(claimed)) => {
            Verdict::Differs(format!("the store's checksum is {claimed}, sent was {expected}"))
        }
        _ => Verdict::Unknown,
    }
}

/// A tag is 32 hexadecimal digits, for an object of parts followed by `-` and their number; unless the
/// vendor encrypts with managed keys or has tags of its own.
fn by_tag(names: &Names, facts: &Facts, call: Call, answer: &Response, tag: &str) -> Verdict {
    let expected = expected_tag(facts, call);
    let managed = header(answer, &format!("{}server-side-encryption", names.prefix))
        .is_some_and(|encryption| encryption.to_ascii_lowercase().contains("kms"));
    let bare = tag.trim_matches('"').to_ascii_lowercase();
    let digits = bare.split_once('-').map_or(bare.as_str(), |(digits, _)| digits);
    let is_digest = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_whole = expected.contains('-');
    let says_nothing = managed || !is_digest || bare.contains('-') != is_whole;
    if bare == expected {
        Verdict::Same
    } else if says_nothing || (is_whole && !names.tags_whole) {
        Verdict::Unknown
    } else {
        Verdict::Differs(format!("the store's tag is {bare}, sent was {expected}"))
    }
}

/// The tag that a part or the object must have.
fn expected_tag(facts: &Facts, call: Call) -> String {
    let of_part =
        |number: usize| facts.parts.get(number).and_then(|part| part.digest(Algorithm::Md5));
    match (call, facts.whole.first()) {
        (Call::Part(number), _) => of_part(number).map(hex::encode).unwrap_or_default(),
        (_, Some(whole)) => format!("{}-{}", hex::encode(whole), facts.parts.len()),
        (_, None) => of_part(0).map(hex::encode).unwrap_or_default(),
    }
}
