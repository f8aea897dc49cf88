"""S3, OSS, COS and KS3: objects in one request or in parts, checked as each vendor checks."""

import base64
import hashlib
import html
import os
import re
import threading
import uuid
from dataclasses import dataclass, field

from aws import check_aws4
from errors import Refused, refusal
from signatures import CHECKS
from state import remove
from xml_answers import HIDDEN_ERROR, TYPE, begun_xml, completed_xml, parts_xml

CRC_HEADERS = {
    "aliyun": "x-oss-hash-crc64ecma",
    "tencent": "x-cos-hash-crc64ecma",
    "kingsoft": "x-kss-checksum-crc64ecma",
}
KEEP = ("x-oss-forbid-overwrite", "x-cos-forbid-overwrite", "x-kss-forbid-overwrite")
META = ("x-oss-", "x-cos-", "x-kss-", "x-amz-", "cache-", "content-")
WRITES = ("put", "init", "part", "complete")


@dataclass
class Part:
    """One part that arrived."""

    tag: str
    size: int
    path: str
    md5: str


@dataclass
class Upload:
    """An upload in parts."""

    vendor: str
    bucket: str
    key: str
    headers: dict
    parts: dict = field(default_factory=dict)
    # What its end was answered; a repeated end is answered alike.
    answer: str = ""


def serve(request, body):
    """Checks who asks for what, and does it."""
    known = who_asks(request)
    request.state.stats[request.vendor]["sig_ok"] += 1
    if request.bucket_facts is None:
        raise refusal(request.vendor, "no_bucket")
    if known.get("deny"):
        raise refusal(request.vendor, "denied")
    if request.bucket_facts.get("quota") and request.op in WRITES:
        raise refusal(request.vendor, "quota")
    check_digests(request, body)
    does = {
        "put": put,
        "init": begin,
        "part": take_part,
        "complete": complete,
        "abort": abort,
        "list": list_parts,
        "head": look,
        "get": look,
        "delete": delete,
    }.get(request.op)
    if does is None:
        words = "The specified method is not allowed against this resource."
        raise Refused(405, "MethodNotAllowed", words)
    does(request, body)


def who_asks(request):
    given = request.headers.get("Authorization", "")
    if given.startswith("AWS4-HMAC-SHA256"):
        return check_aws4(request, request.vendor)
    if request.vendor == "s3":
        raise refusal("s3", "anonymous")
    return CHECKS[request.vendor](request)


def check_digests(request, body):
    vendor, headers = request.vendor, request.headers
    md5 = base64.b64encode(body.md5.digest()).decode()
    if headers.get("Content-MD5") not in (None, md5):
        raise refusal(vendor, "bad_digest", {"CalculatedDigest": md5})
    signed = request.payload_sha256
    if signed and re.fullmatch("[0-9a-f]{64}", signed) and signed != body.sha256.hexdigest():
        raise refusal(vendor, "sha256")
    crc32 = base64.b64encode(body.crc32.to_bytes(4, "big")).decode()
    sha256 = base64.b64encode(body.sha256.digest()).decode()
    for name, right in (("x-amz-checksum-crc32", crc32), ("x-amz-checksum-sha256", sha256)):
        if request.op in ("put", "part") and headers.get(name) not in (None, right):
            words = f"The {name} you specified did not match the calculated checksum."
            raise Refused(400, "BadDigest", words)


def tag_of(request, hex_digest):
    return f'"{hex_digest.upper() if request.vendor == "aliyun" else hex_digest}"'


def crc_header(request, crc):
    name = CRC_HEADERS.get(request.vendor)
    return {name: str(crc)} if name else {}


def facts(request, tag, headers):
    kept = {n.lower(): v for n, v in headers.items() if n.lower().startswith(META)}
    return {"etag": tag, "content_type": kept.get("content-type"), "headers": kept}


def put(request, body):
    place = (request.vendor, request.bucket, request.key)
    keep = any(request.headers.get(name) == "true" for name in KEEP)
    if (keep or request.headers.get("If-None-Match") == "*") and place in request.state.objects:
        raise refusal(request.vendor, "exists")
    tag = tag_of(request, body.md5.hexdigest())
    kept = facts(request, tag, request.headers)
    if late := request.hit_by("commit_late"):
        store_later(request.state, place, body, kept, late.get("delay_ms", 1000))
        request.hang_up()
        return
    request.state.store(*place, [body.path], kept)
    request.answer(200, {"ETag": tag, **crc_header(request, body.crc64.crcValue)})


def store_later(state, place, body, kept, delay_ms):
    """Does what nobody hears of after a while, whatever has happened meanwhile."""
    path = state.temporary()
    os.rename(body.path, path)

    def store():
        state.store(*place, [path], kept)
        remove(path)

    timer = threading.Timer(delay_ms / 1000, store)
    timer.daemon = True
    timer.start()


def begin(request, _body):
    upload_id = uuid.uuid4().hex.upper()
    upload = Upload(request.vendor, request.bucket, request.key, dict(request.headers.items()))
    with request.state.lock:
        request.state.uploads[upload_id] = upload
    request.answer(200, TYPE, begun_xml(request, upload_id))


def upload_of(request):
    """The half-done upload that the request names, and its id."""
    upload_id = request.parameters()["uploadId"]
    upload = request.state.uploads.get(upload_id)
    place = (request.vendor, request.bucket, request.key)
    if upload is None or (upload.vendor, upload.bucket, upload.key) != place:
        raise refusal(request.vendor, "no_upload")
    if upload.answer and request.op != "complete":
        raise refusal(request.vendor, "no_upload")
    return upload_id, upload


def take_part(request, body):
    upload_id, upload = upload_of(request)
    number = int(request.parameters()["partNumber"])
    if not 1 <= number <= 10_000:
        raise refusal(request.vendor, "bad_request", {"ArgumentName": "partNumber"})
    path = f"{request.state.temporary()}.{upload_id}.{number}"
    os.rename(body.path, path)
    tag = tag_of(request, body.md5.hexdigest())
    with request.state.lock:
        upload.parts[number] = Part(tag, body.length, path, body.md5.hexdigest())
    request.answer(200, {"ETag": tag, **crc_header(request, body.crc64.crcValue)})


def complete(request, body):
    upload_id, upload = upload_of(request)
    if upload.answer:
        request.answer(200, TYPE, upload.answer)
        return
    numbers = checked_list(request, upload, body.bytes().decode())
    if request.hit_by("complete_200_error"):
        request.answer(200, TYPE, HIDDEN_ERROR)
        return
    parts = [upload.parts[number] for number in numbers]
    digest = hashlib.md5(b"".join(bytes.fromhex(part.md5) for part in parts)).hexdigest()
    tag = tag_of(request, f"{digest}-{len(parts)}")
    place = (request.vendor, request.bucket, request.key)
    paths = [part.path for part in parts]
    crc = request.state.store(*place, paths, facts(request, tag, upload.headers))
    for part in upload.parts.values():
        remove(part.path)
    upload.answer = completed_xml(request, tag, crc)
    if request.hit_by("forget_after"):
        with request.state.lock:
            request.state.uploads.pop(upload_id, None)
    request.answer(200, {**TYPE, **crc_header(request, crc)}, upload.answer)


def checked_list(request, upload, text):
    """The numbers of the parts that the object is to be made of."""
    vendor = request.vendor
    listed = []
    for part in re.findall(r"<Part>.*?</Part>", text, re.S):
        number = re.search(r"<PartNumber>\s*(\d+)", part)
        tag = re.search(r"<ETag>\s*([^<]*?)\s*</ETag>", part)
        listed.append((int(number.group(1)), html.unescape(tag.group(1)).strip('"').lower()))
    numbers = [number for number, _ in listed]
    if not listed:
        raise Refused(400, "MalformedXML", "The XML you provided was not well-formed")
    gapless = numbers == list(range(1, len(numbers) + 1))
    if numbers != sorted(set(numbers)) or (vendor == "kingsoft" and not gapless):
        words = "The list of parts was not in ascending order."
        raise Refused(400, "InvalidPartOrder", words)
    for number, tag in listed:
        part = upload.parts.get(number)
        if part is None or part.tag.strip('"').lower() != tag:
            raise refusal(vendor, "bad_part", {"PartNumber": number})
    for number in numbers[:-1]:
        if upload.parts[number].size < request.state.least_part(vendor):
            raise refusal(vendor, "small_part", {"PartNumber": number})
    return numbers


def abort(request, _body):
    upload_id, upload = upload_of(request)
    with request.state.lock:
        request.state.uploads.pop(upload_id, None)
    for part in upload.parts.values():
        remove(part.path)
    request.answer(204, {})


def list_parts(request, _body):
    upload_id, upload = upload_of(request)
    request.answer(200, TYPE, parts_xml(request, upload_id, upload.parts))


def look(request, _body):
    meta = request.state.objects.get((request.vendor, request.bucket, request.key))
    if meta is None:
        raise Refused(404, "NoSuchKey", "The specified key does not exist.", {"Key": request.key})
    headers = {
        "ETag": meta["etag"],
        "Content-Type": meta["content_type"] or "application/octet-stream",
        **crc_header(request, meta["crc64"]),
    }
    with open(meta["path"], "rb") as file:
        request.answer(200, headers, file.read())


def delete(request, _body):
    with request.state.lock:
        request.state.objects.pop((request.vendor, request.bucket, request.key), None)
    request.answer(204, {})
