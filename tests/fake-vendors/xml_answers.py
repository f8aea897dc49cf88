"""The XML that S3, OSS, COS and KS3 answer."""

import html
import uuid

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
TYPE = {"Content-Type": "application/xml"}
NAMESPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
HIDDEN_ERROR = (
    HEAD + "<Error><Code>InternalError</Code>"
    "<Message>We encountered an internal error. Please try again.</Message>"
    "<RequestId>656c76696e</RequestId></Error>"
)


def elements(pairs):
    """Elements of texts, escaped."""
    return "".join(f"<{name}>{html.escape(str(value))}</{name}>" for name, value in pairs)


def error_xml(request, refused):
    """A refusal in the vendor's order of elements."""
    where = [("Resource", f"/{request.bucket}/{request.key}")]
    who = [("RequestId", uuid.uuid4().hex[:16].upper())]
    extra = list(refused.extra.items())
    rest = {
        "s3": extra + where + who + [("HostId", "id2")],
        "aliyun": who + [("HostId", request.host)] + extra,
        "tencent": extra + where + who + [("TraceId", "trace")],
        "kingsoft": extra + where + who,
        "qiniu": extra + where + who,
    }[request.vendor]
    said = [("Code", refused.code), ("Message", refused.message)]
    return f"{HEAD}<Error>{elements(said + rest)}</Error>"


def begun_xml(request, upload_id):
    """The answer to the begin of an upload in parts."""
    root = "InitiateMultipartUploadResult"
    space = NAMESPACE if request.vendor == "s3" else ""
    pairs = [("Bucket", request.bucket), ("Key", request.key), ("UploadId", upload_id)]
    return f"{HEAD}<{root}{space}>{elements(pairs)}</{root}>"


def completed_xml(request, tag, crc):
    """The answer to its end."""
    root = "CompleteMultipartUploadResult"
    space = NAMESPACE if request.vendor == "s3" else ""
    location = f"http://{request.headers['Host']}{request.raw_path}"
    pairs = [
        ("Location", location),
        ("Bucket", request.bucket),
        ("Key", request.key),
        ("ETag", tag),
    ]
    if request.vendor == "kingsoft":
        pairs.append(("ChecksumCRC64ECMA", crc))
    return f"{HEAD}<{root}{space}>{elements(pairs)}</{root}>"


def parts_xml(request, upload_id, parts):
    """The list of an upload's parts."""
    listed = "".join(
        f"<Part>{elements([('PartNumber', n), ('ETag', part.tag), ('Size', part.size)])}</Part>"
        for n, part in sorted(parts.items())
    )
    pairs = [("Bucket", request.bucket), ("Key", request.key), ("UploadId", upload_id)]
    end = elements([("IsTruncated", "false")])
    return f"{HEAD}<ListPartsResult>{elements(pairs)}{end}{listed}</ListPartsResult>"
