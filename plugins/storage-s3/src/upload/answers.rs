//! What answers do to an upload: done, another request, another try, or the end.

use super::calls::Call;
use super::{MAX_TRIES, Progress, Turn, Upload};
use crate::answer::{failed, header, late_refusal, refusal, unanswered};
use crate::io::{Response, TransportFailure};
use crate::part::{Verdict, verdict};
use crate::saved::is_token;
use crate::timestamp::http_date;
use crate::uploader::{Failure, FailureKind};
use crate::xml;

impl Upload {
    /// Takes an answer to a request that was tried so often.
    pub(super) fn answered(
        &mut self,
        turn: &mut Turn,
        call: Call,
        tries: u32,
        answer: &Response,
    ) -> Progress {
        let refusal = if call == Call::Complete { late_refusal(answer) } else { refusal(answer) };
        let progress = match refusal {
            Some(failure) => self.refused(turn, call, tries, answer, failure),
            None => self.accepted(turn, call, answer),
        };
        match (progress, call) {
            // Damaged on the way: sent again before all that arrived well is given up.
            (Err(failure), Call::Put | Call::Part(_)) if failure.kind == FailureKind::Integrity => {
                self.pause(turn, call, tries, 0, failure)
            }
            (progress, _) => progress,
        }
    }

    fn refused(
        &mut self,
        turn: &mut Turn,
        call: Call,
        tries: u32,
        answer: &Response,
        failure: Failure,
    ) -> Progress {
        match (&failure.kind, call) {
            (FailureKind::UploadGone, Call::Abort) => Ok(Some(self.stored(None, None))),
            // An earlier end of the upload may have worked although its answer was lost.
            (FailureKind::UploadGone, Call::Complete) => self.look(turn, failure),
            (_, Call::Head) if answer.status == 404 => Err(self.missing()),
            // Keys that may only write are good practice: then the vendor's check must do.
            (FailureKind::Denied, Call::Head) => match self.doubt.take() {
                Some(doubt) => Err(doubt),
                None => Ok(Some(self.stored(None, Some(
                    "the store checked the digests sent; the length could not be compared, since \
                     the key may not read",
                )))),
            },
            (FailureKind::ClockSkew, _) => {
                let server = header(answer, "date").and_then(http_date);
                let Some(server) = server.filter(|_| tries < MAX_TRIES) else { return Err(failure) };
                self.skew_ms = server.cast_signed().saturating_sub(turn.at.now_ms.cast_signed());
                self.send(turn, call, tries + 1);
                Ok(None)
            }
            (FailureKind::Throttled(wait), _) => {
                let wait = wait.unwrap_or(0);
                self.pause(turn, call, tries, wait, failure)
            }
            (FailureKind::Transient, _) => self.pause(turn, call, tries, 0, failure),
            _ => Err(failure),
        }
    }

    fn accepted(&mut self, turn: &mut Turn, call: Call, answer: &Response) -> Progress {
        match call {
            Call::Create => {
                let id = xml::text(&String::from_utf8_lossy(&answer.body), "UploadId");
                let id = id.filter(|id| is_token(id));
                let none = || failed(FailureKind::Transient, "the store named no upload id");
                self.upload_id = Some(id.ok_or_else(none)?);
                Ok(None)
            }
            Call::Part(number) => self.part_taken(number, answer),
            Call::Put => self.judge(turn, answer, header(answer, "etag")),
            Call::Complete => {
                let body = String::from_utf8_lossy(&answer.body);
                let etag = xml::text(&body, "ETag");
                self.judge(turn, answer, etag.as_deref())
            }
            Call::Head => self.seen(answer),
            Call::Abort => Ok(Some(self.stored(None, None))),
        }
    }

    fn part_taken(&mut self, number: usize, answer: &Response) -> Progress {
        let etag = header(answer, "etag").filter(|etag| is_token(etag));
        let Some(etag) = etag else {
            return Err(failed(FailureKind::Transient, "the store took a part without a tag"));
        };
        let Some(part) = self.parts.get_mut(number) else { return Ok(None) };
        let expected = part.md5.map(hex::encode).unwrap_or_default();
        if verdict(answer, etag, &expected) == Verdict::Differs {
            return Err(differs(etag, &expected));
        }
        part.etag = Some(etag.into());
        Ok(None)
    }

    /// The store says that it has the object: by its tag, is it what was sent?
    fn judge(&mut self, turn: &mut Turn, answer: &Response, etag: Option<&str>) -> Progress {
        let expected = self.expected();
        match etag.map(|etag| (etag, verdict(answer, etag, &expected))) {
            Some((etag, Verdict::Same)) => Ok(Some(self.stored(Some(etag), None))),
            Some((etag, Verdict::Differs)) => Err(differs(etag, &expected)),
            Some((_, Verdict::Unknown)) | None => {
                self.send(turn, Call::Head, 1);
                Ok(None)
            }
        }
    }

    /// `HEAD` found an object: is it ours?
    fn seen(&mut self, answer: &Response) -> Progress {
        let etag = header(answer, "etag");
        let expected = self.expected();
        let verdict = etag.map(|etag| verdict(answer, etag, &expected));
        let length = header(answer, "content-length").and_then(|text| text.parse::<u64>().ok());
        if length != Some(self.job.size) || verdict == Some(Verdict::Differs) {
            return Err(self.missing());
        }
        // After a lost answer an older object of the same length may be there: only the tag tells.
        match self.doubt.take() {
            Some(doubt) if verdict != Some(Verdict::Same) => Err(doubt),
            _ => Ok(Some(self.stored(etag, None))),
        }
    }

    /// Takes the news that no answer came.
    pub(super) fn unanswered(
        &mut self,
        turn: &mut Turn,
        call: Call,
        tries: u32,
        why: &TransportFailure,
    ) -> Progress {
        let failure = unanswered(why);
        if failure.kind != FailureKind::Transient {
            return Err(failure);
        }
        if call == Call::Complete && why.sent {
            return self.look(turn, failure);
        }
        self.pause(turn, call, tries, 0, failure)
    }

    /// Asks whether the object is there after all.
    fn look(&mut self, turn: &mut Turn, doubt: Failure) -> Progress {
        self.doubt = Some(doubt);
        self.send(turn, Call::Head, 1);
        Ok(None)
    }

    /// Why the object isn't there, or not as sent.
    fn missing(&mut self) -> Failure {
        let lost =
            || failed(FailureKind::Integrity, "the store holds something else than was sent");
        self.doubt.take().unwrap_or_else(lost)
    }

    /// The tag that the object must have.
    fn expected(&self) -> String {
        let single = || self.parts.first().and_then(|part| part.md5).map(hex::encode);
        self.tag.clone().or_else(single).unwrap_or_default()
    }
}

fn differs(etag: &str, expected: &str) -> Failure {
    failed(FailureKind::Integrity, format!("the store's tag is {etag}, sent was {expected}"))
}
