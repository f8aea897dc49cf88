//! What answers do to an upload: done, another request, another try, or the end.

use super::{MAX_TRIES, Progress, Turn, Upload};
use crate::answer::{failed, header, unanswered};
use crate::io::{Response, TransportFailure};
use crate::saved::is_token;
use crate::uploader::{Failure, FailureKind};
use crate::vendor::{Call, Vendor, Verdict};
use capstan_kit::date::read_http;

/// Said of an object that was not looked at.
const UNSEEN: &str = "the store checked the digests sent; the length could not be compared, since \
                      the key may not read";

impl<V: Vendor> Upload<V> {
    /// Takes an answer to a request that was tried so often.
    pub(super) fn answered(
        &mut self,
        turn: &mut Turn,
        call: Call,
        tries: u32,
        answer: &Response,
    ) -> Progress {
        let progress = match self.vendor.refusal(call, answer) {
            Some(failure) => self.refused(turn, call, tries, answer, failure),
            None => self.accepted(turn, call, answer),
        };
        match (progress, call) {
            // Damaged on the way: sent again before all that arrived well is given up.
            (Err(failure), Call::Put | Call::Part(_)) if failure.kind == FailureKind::Integrity => {
                self.pause(turn, call, tries, 0, failure)
            }
            // Yes, but without what the answer must hold: a proxy's page, perhaps.
            (Err(failure), _) if failure.kind == FailureKind::Transient => {
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
            (_, Call::Look) if self.vendor.is_absent(answer) => self.missing(turn),
            // Keys that may only write are good practice: then the vendor's check must do.
            (FailureKind::Denied, Call::Look) => match self.doubt.take() {
                Some(doubt) => self.doubted(turn, doubt),
                None => Ok(Some(self.stored(None, Some(UNSEEN)))),
            },
            (FailureKind::ClockSkew, _) => {
                let server = header(answer, "date").and_then(read_http);
                let Some(server) = server.filter(|_| tries < MAX_TRIES) else {
                    return Err(failure);
                };
                self.skew_ms = server.cast_signed().saturating_sub(turn.at.now_ms.cast_signed());
                self.send(turn, call, tries + 1);
                Ok(None)
            }
            (FailureKind::Throttled(wait), _) => {
                let wait = wait.unwrap_or(0);
                self.pause(turn, call, tries, wait, failure)
            }
            _ => Err(failure),
        }
    }

    fn accepted(&mut self, turn: &mut Turn, call: Call, answer: &Response) -> Progress {
        match call {
            Call::Create => {
                let id = self.vendor.upload_id(answer).filter(|id| is_token(id));
                let none = || failed(FailureKind::Transient, "the store named no upload id");
                self.facts.upload_id = Some(id.ok_or_else(none)?);
                Ok(None)
            }
            Call::Part(number) => self.part_taken(number, answer),
            Call::Put | Call::Complete => self.judge(turn, call, answer),
            Call::Look => self.seen(turn, answer),
            Call::Abort => Ok(Some(self.stored(None, None))),
        }
    }

    fn part_taken(&mut self, number: usize, answer: &Response) -> Progress {
        let call = Call::Part(number);
        let tag = self.vendor.tag(call, answer).filter(|tag| is_token(tag));
        let none = || failed(FailureKind::Transient, "the store took a part without a tag");
        let tag = tag.ok_or_else(none)?;
        if let Verdict::Differs(what) = self.vendor.verdict(&self.facts, call, answer) {
            return Err(failed(FailureKind::Integrity, what));
        }
        if let Some(part) = self.facts.parts.get_mut(number) {
            part.tag = Some(tag);
        }
        Ok(None)
    }

    /// The store says that it has the object: is it what was sent?
    fn judge(&mut self, turn: &mut Turn, call: Call, answer: &Response) -> Progress {
        match self.vendor.verdict(&self.facts, call, answer) {
            Verdict::Same => Ok(Some(self.stored(self.vendor.tag(call, answer), None))),
            Verdict::Differs(what) => Err(failed(FailureKind::Integrity, what)),
            Verdict::Unknown => {
                self.send(turn, Call::Look, 1);
                Ok(None)
            }
        }
    }

    /// `Look` found an object: is it ours?
    fn seen(&mut self, turn: &mut Turn, answer: &Response) -> Progress {
        let same_length = self.vendor.length(answer) == Some(self.facts.job.size);
        match self.vendor.verdict(&self.facts, Call::Look, answer) {
            Verdict::Same => Ok(Some(self.stored(self.vendor.tag(Call::Look, answer), None))),
            Verdict::Unknown if same_length => match self.doubt.take() {
                // An older object of the same length may be there: only a digest would tell.
                Some(doubt) => self.doubted(turn, doubt),
                None => Ok(Some(self.stored(self.vendor.tag(Call::Look, answer), None))),
            },
            Verdict::Unknown | Verdict::Differs(_) => self.missing(turn),
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
        if call == Call::Complete && why.sent && tries < MAX_TRIES {
            return self.look(turn, failure);
        }
        self.pause(turn, call, tries, 0, failure)
    }

    /// Asks whether the object is there after all.
    fn look(&mut self, turn: &mut Turn, doubt: Failure) -> Progress {
        self.doubt = Some(doubt);
        self.send(turn, Call::Look, 1);
        Ok(None)
    }

    /// The object isn't there, or not as sent.
    fn missing(&mut self, turn: &mut Turn) -> Progress {
        let lost = "the store holds something else than was sent";
        match self.doubt.take() {
            Some(doubt) => self.doubted(turn, doubt),
            None => Err(failed(FailureKind::Integrity, lost)),
        }
    }

    /// What was in doubt didn't happen, or can't be proved: a lost end is tried once more, which does
    /// no harm if it was done already.
    fn doubted(&mut self, turn: &mut Turn, doubt: Failure) -> Progress {
        if doubt.kind != FailureKind::Transient {
            return Err(doubt);
        }
        self.pause(turn, Call::Complete, MAX_TRIES - 1, 0, doubt)
    }
}
