"""Teaches the fuzzer the one media type that it doesn't know: an SDP offer is sent as plain text is."""

import schemathesis

schemathesis.serializer.alias("application/sdp", "text/plain")
schemathesis.serializer.alias("application/trickle-ice-sdpfrag", "text/plain")
