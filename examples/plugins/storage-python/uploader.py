"""One job: told what happened, it answers what to do next."""

from wit_world.exports import uploader as up
from wit_world.imports.io import (
    FileRange,
    Method_Put,
    Request,
    Segment_File,
    Transport,
    TransportError,
)

import store

# Set by `configure`, before any job.
config = None


class Upload(up.Upload):
    """First the host computes the file's digest, then it sends the file."""

    def __init__(self, job):
        self.job = job
        self.digest = None

    # One request takes the whole file: there is nothing to go on from, and nothing to save.
    @classmethod
    def open(cls, job, saved):
        return cls(job)

    def next(self, at, events):
        match events[0].outcome if events else None:
            case None:
                request = up.DigestRequest(up.Algorithm.MD5, whole(self.job))
                return act(1, up.Work_Digest(request))
            case up.Outcome_Digest(digest):
                self.digest = digest.hex()
                return act(2, up.Work_Send(put(self.job)))
            case up.Outcome_Response(response):
                return self.judge(response)
            case up.Outcome_NoResponse(silence):
                return failed(no_response(silence.error), silence.detail)
            case up.Outcome_Unreadable(reason):
                return failed(up.FailureKind_Rejected(), reason)
            case other:
                return failed(up.FailureKind_Rejected(), f"unasked: {other}")

    def judge(self, response):
        """Done only if the store holds what was sent."""
        if response.status not in (200, 201):
            said = response.body[:400].decode(errors="replace")
            return failed(failure_kind(response), f"the store answered {response.status}: {said}")
        etag = (store.header(response.headers, "etag") or "").strip('"')
        if etag != self.digest:
            said = "the store holds something else than was sent"
            return failed(up.FailureKind_Integrity(), said)
        return up.Step_Done(up.Stored(config.url(self.job.key), etag, None))

    def save(self):
        return b""

    def abort(self, at):
        return failed(up.FailureKind_Rejected(), "given up; nothing is left behind")


def put(job):
    return Request(
        method=Method_Put(),
        transport=Transport.HTTPS if config.secure else Transport.HTTP,
        host=config.host,
        port=config.port,
        target=config.target(job.key),
        headers=[("authorization", f"Bearer {config.token}"), ("content-type", job.content_type)],
        body=whole(job),
        # A refusal then costs no upload.
        ask_first=True,
        timeout_ms=None,
        max_response=16 << 10,
    )


def whole(job):
    """The file as a body: the host reads it, its bytes never come here."""
    return [Segment_File(FileRange(0, job.size))] if job.size else []


def act(number, work):
    return up.Step_Act([up.Action(number, work)])


def failed(kind, text):
    return up.Step_Failed(up.Failure(kind, None, store.words(text), None))


def failure_kind(response):
    match store.kind(response.status):
        case "throttled":
            return up.FailureKind_Throttled(store.wait_ms(response.headers))
        case "wrong-region":
            return up.FailureKind_WrongRegion(store.header(response.headers, "location"))
        case name:
            return {
                "bad-credentials": up.FailureKind_BadCredentials,
                "denied": up.FailureKind_Denied,
                "no-bucket": up.FailureKind_NoBucket,
                "already-exists": up.FailureKind_AlreadyExists,
                "quota": up.FailureKind_Quota,
                "transient": up.FailureKind_Transient,
            }.get(name, up.FailureKind_Rejected)()


def no_response(error):
    if error in (TransportError.REFUSED, TransportError.INVALID):
        return up.FailureKind_BadConfig()
    return up.FailureKind_Rejected() if error == TransportError.FILE else up.FailureKind_Transient()
