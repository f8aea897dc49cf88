"""Qiniu Kodo: uploads by form, and resumable ones of version 2."""

import hashlib
import json
import os
import re
import uuid
import zlib

import qiniu.utils

import defaults
from errors import Refused, refusal
from objectstore import Part, Upload
from signatures import check_qiniu
from state import remove

TYPE = {"Content-Type": "application/json"}
# Parts of this size leave the object with the tag that it has in one piece.
BLOCK = 4 << 20
WEEK = 7 * 86_400


def serve(request, body):
    """Checks who asks for what, and does it."""
    if request.op == "query":
        where_to_upload(request)
    elif request.op == "form":
        take_form(request, body)
    elif request.op in ("init", "part", "complete", "abort", "list"):
        resumable(request, body)
    else:
        raise Refused(404, None, "no such route")


def where_to_upload(request):
    """Tells the bucket's region: this very host."""
    if request.parameters().get("bucket") not in defaults.BUCKETS["qiniu"]:
        raise refusal("qiniu", "no_bucket")
    domains = {"domains": [request.headers["Host"]], "old": []}
    host = {"region": "z0", "ttl": 86_400, "up": {**domains, "acc_domains": []}, "io": domains}
    request.answer(200, TYPE, json.dumps({"hosts": [host]}))


def take_form(request, body):
    boundary = re.match(
        r'multipart/form-data;\s*boundary="?([^";]+)', request.headers.get("Content-Type") or ""
    )
    if not boundary:
        raise Refused(400, None, "Content-Type isn't multipart/form-data")
    fields, file, kind = form_fields(body.bytes(), boundary.group(1).encode())
    policy, bucket, scope_key = check_qiniu(request, fields.get("token"))
    request.state.stats["qiniu"]["sig_ok"] += 1
    if file is None:
        raise Refused(400, None, "file is not specified in multipart")
    key = fields.get("key", scope_key)
    check_scope(policy, scope_key, key)
    if fields.get("crc32") and int(fields["crc32"]) != zlib.crc32(file):
        raise refusal("qiniu", "bad_digest")
    path = request.state.temporary()
    with open(path, "wb") as out:
        out.write(file)
    finish(request, policy, bucket, key, [path], kind, headers_of(fields))


def key_of_form(body):
    """The key in a form's body; empty if there is none."""
    found = re.search(rb'name="key"\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]*)', body.bytes())
    return found.group(1).decode() if found else ""


def form_fields(raw, boundary):
    """The fields, the file's bytes and its type."""
    fields, file, kind = {}, None, None
    for part in raw.split(b"--" + boundary)[1:-1]:
        head, _, data = part[2:-2].partition(b"\r\n\r\n")
        head = head.decode()
        name = re.search(r'[; ]name="([^"]*)"', head).group(1)
        if name == "file":
            file = data
            kind = re.search(r"(?im)^content-type:\s*(\S+)", head)
        else:
            fields[name] = data.decode()
    return fields, file, kind and kind.group(1)


def resumable(request, body):
    given = request.headers.get("Authorization", "")
    token = given[len("UpToken ") :] if given.startswith("UpToken ") else None
    policy, bucket, scope_key = check_qiniu(request, token)
    request.state.stats["qiniu"]["sig_ok"] += 1
    path = request.raw_path.split("/")
    if path[2] != bucket:
        raise Refused(403, None, "bucket not match")
    key = None if path[4] == "~" else qiniu.utils.urlsafe_base64_decode(path[4]).decode()
    check_scope(policy, scope_key, key)
    if request.op == "init":
        upload_id = uuid.uuid4().hex
        with request.state.lock:
            request.state.uploads[upload_id] = Upload("qiniu", bucket, key, {})
        expires = int(request.state.now()) + WEEK
        request.answer(200, TYPE, json.dumps({"uploadId": upload_id, "expireAt": expires}))
        return
    upload = request.state.uploads.get(path[6])
    if upload is None or upload.key != key or upload.answer:
        raise refusal("qiniu", "no_upload")
    if request.op == "part":
        take_part(request, body, upload, int(path[7]))
    elif request.op == "complete":
        complete(request, body, policy, upload)
    elif request.op == "abort":
        with request.state.lock:
            request.state.uploads.pop(path[6], None)
        request.answer(200, {}, "")
    else:
        parts = [
            {"size": part.size, "etag": part.tag, "partNumber": number}
            for number, part in sorted(upload.parts.items())
        ]
        request.answer(200, TYPE, json.dumps({"uploadId": path[6], "parts": parts}))


def take_part(request, body, upload, number):
    md5 = body.md5.hexdigest()
    if request.headers.get("Content-MD5") not in (None, md5):
        raise refusal("qiniu", "bad_digest", message="md5 not match")
    with open(body.path, "rb") as file:
        tag = qiniu.utils.etag_stream(file)
    path = request.state.temporary()
    os.rename(body.path, path)
    with request.state.lock:
        upload.parts[number] = Part(tag, body.length, path, md5)
    request.answer(200, TYPE, json.dumps({"etag": tag, "md5": md5}))


def complete(request, body, policy, upload):
    sent = json.loads(body.bytes())
    numbers = [part["partNumber"] for part in sent.get("parts") or []]
    if not numbers or numbers != sorted(set(numbers)):
        raise refusal("qiniu", "bad_part")
    for part in sent["parts"]:
        arrived = upload.parts.get(part["partNumber"])
        if arrived is None or arrived.tag != part["etag"]:
            raise refusal("qiniu", "bad_part")
    parts = [upload.parts[number] for number in numbers]
    if any(part.size < request.state.least_part("qiniu") for part in parts[:-1]):
        raise refusal("qiniu", "small_part")
    upload.answer = "done"
    paths = [part.path for part in parts]
    kind, headers = sent.get("mimeType"), headers_of(sent.get("metadata") or {})
    finish(request, policy, upload.bucket, upload.key, paths, kind, headers, in_parts=True)


def headers_of(metadata):
    """The headers that an object is served with, kept among its metadata."""
    mark = "x-qn-meta-!"
    return {n[len(mark) :].lower(): v for n, v in metadata.items() if n.startswith(mark)}


def finish(request, policy, bucket, key, paths, kind, headers, in_parts=False):
    if policy.get("insertOnly") and ("qiniu", bucket, key) in request.state.objects:
        raise refusal("qiniu", "exists")
    tag = tag_of(request, paths, in_parts)
    request.bucket, request.key = bucket, tag if key is None else key
    facts = {"etag": tag, "content_type": kind, "headers": headers}
    request.state.store("qiniu", bucket, request.key, paths, facts)
    for path in paths:
        remove(path)
    request.answer(200, TYPE, json.dumps({"hash": tag, "key": request.key}))


def tag_of(request, paths, in_parts):
    """The tag by the SDK; of parts that aren't 4 MiB, which the SDK can't, that of the parts' tags."""
    if in_parts and any(os.path.getsize(path) != BLOCK for path in paths[:-1]):
        digests = b""
        for path in paths:
            with open(path, "rb") as file:
                tag = qiniu.utils.etag_stream(file)
            digests += qiniu.utils.urlsafe_base64_decode(tag)[1:]
        return qiniu.utils.urlsafe_base64_encode(b"\x9e" + hashlib.sha1(digests).digest())
    whole = request.state.temporary()
    with open(whole, "wb") as out:
        for path in paths:
            with open(path, "rb") as file:
                out.write(file.read())
    with open(whole, "rb") as file:
        tag = qiniu.utils.etag_stream(file)
    remove(whole)
    return tag


def check_scope(policy, scope_key, key):
    if policy.get("isPrefixalScope"):
        fits = scope_key is None or (key or "").startswith(scope_key)
    else:
        fits = scope_key is None or key == scope_key
    if not fits:
        raise refusal("qiniu", "scope")
