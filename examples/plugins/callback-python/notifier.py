"""One delivery: a post, then what its answer means."""

from wit_world.exports import notifier as no
from wit_world.imports.io import Method_Post, Request, Segment_Bytes, Transport, TransportError

import hook

# Set by `configure`, before any delivery.
config = None


class Delivery(no.Delivery):
    def __init__(self, notice):
        self.notice = notice

    def next(self, at, last):
        match last:
            case None:
                return no.Step_Send(post(self.notice))
            case no.Outcome_NoResponse(silence):
                hopeless = silence.error in (TransportError.REFUSED, TransportError.INVALID)
                return failed(silence.detail, not hopeless)
            case no.Outcome_Response(response) if hook.delivered(response.status):
                return no.Step_Done()
            case no.Outcome_Response(response):
                return failed(f"it answered {response.status}", hook.later(response.status))


def post(notice):
    headers = [("content-type", "application/json")]
    if config.secret:
        headers.append(("authorization", f"Bearer {config.secret}"))
    return Request(
        method=Method_Post(),
        transport=Transport.HTTPS if config.secure else Transport.HTTP,
        host=config.host,
        port=config.port,
        target=config.target,
        headers=headers,
        body=[Segment_Bytes(hook.body(notice))],
        ask_first=False,
        timeout_ms=10_000,
        max_response=0,
    )


def failed(message, retriable):
    return no.Step_Failed(no.Failure(message[:500], retriable))
