"""Which vendor, bucket, key and operation a request is about."""

import re
import urllib.parse

import qiniu.utils

import defaults

# Kodo's paths, from the most special to the least.
KODO = (
    (r"^/buckets/[^/]+/objects/[^/]+/uploads$", "init"),
    (r"^/buckets/[^/]+/objects/[^/]+/uploads/[^/]+$", "complete"),
    (r"^/buckets/[^/]+/objects/[^/]+/uploads/[^/]+/\d+$", "part"),
    (r"^/v[24]/query", "query"),
    (r"^/?$", "form"),
)
WHOLE = {"PUT": "put", "HEAD": "head", "GET": "get", "DELETE": "delete"}
IN_PARTS = {"PUT": "part", "POST": "complete", "DELETE": "abort", "GET": "list"}


def vendor_of(host, authorization):
    """The vendor that is meant on the port `auto`."""
    for vendor, suffixes in defaults.HOST_SUFFIXES.items():
        if host.endswith(suffixes):
            return vendor
    for beginning, vendor in (("OSS", "aliyun"), ("KSS", "kingsoft"), ("UpToken", "qiniu")):
        if authorization.startswith(beginning):
            return vendor
    return "tencent" if "q-sign-algorithm" in authorization else "s3"


def is_kodo(request):
    """Whether Kodo's own protocol is spoken, not S3's with Qiniu."""
    amazons = request.headers.get("Authorization", "").startswith("AWS4")
    return request.vendor == "qiniu" and not amazons


def route(request):
    """Notes bucket and key on the request, and answers the operation."""
    if is_kodo(request):
        return kodo(request)
    buckets = defaults.BUCKETS[request.vendor]
    label = request.host.split(".")[0]
    below = request.host.endswith(defaults.HOST_SUFFIXES[request.vendor])
    if label in buckets or below:
        request.bucket, raw_key = label, request.raw_path[1:]
    else:
        bucket, _, raw_key = request.raw_path[1:].partition("/")
        request.bucket = urllib.parse.unquote(bucket)
    request.key = urllib.parse.unquote(raw_key)
    request.bucket_facts = buckets.get(request.bucket)
    parameters = request.parameters()
    if "uploads" in parameters and request.command == "POST":
        return "init"
    if "uploadId" in parameters:
        return IN_PARTS.get(request.command, "other")
    return WHOLE.get(request.command, "other") if request.key else "other"


def kodo(request):
    for pattern, op in KODO:
        if re.match(pattern, request.raw_path):
            if op in ("init", "part", "complete"):
                note_kodo_key(request)
            if op == "complete":
                return {"DELETE": "abort", "GET": "list"}.get(request.command, op)
            return op
    return "other"


def note_kodo_key(request):
    """For faults that are meant for one key; a form has its key in its body."""
    encoded = request.raw_path.split("/")[4]
    if encoded != "~":
        request.key = qiniu.utils.urlsafe_base64_decode(encoded).decode()
