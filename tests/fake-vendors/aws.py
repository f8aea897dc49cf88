"""Checks of Amazon's signature, version 4, by botocore; other vendors take it as well."""

import re

import botocore.auth
import botocore.credentials
from botocore.awsrequest import AWSRequest

from errors import Refused
from signatures import check_token, compare, credential, seconds

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]+)\s*$"
)


def check_aws4(request, vendor):
    """The known key pair of a request that is signed well."""
    parsed = AUTHORIZATION.match(request.headers.get("Authorization", ""))
    if not parsed:
        words = "The authorization header is malformed."
        raise Refused(400, "AuthorizationHeaderMalformed", words)
    scope, signed, signature = parsed.group(1), parsed.group(2).split(";"), parsed.group(3)
    date = request.headers.get("X-Amz-Date")
    digest = request.headers.get("X-Amz-Content-SHA256")
    if not date or not digest:
        words = "Your request was missing a required header"
        raise Refused(400, "MissingSecurityHeader", words)
    access_key, _day, region, service, _end = scope.rsplit("/", 4)
    known = credential(vendor, access_key)
    check_region(request, region)
    unsigned = [
        name
        for name in request.headers
        if name.lower().startswith("x-amz-") and name.lower() not in signed
    ]
    if "host" not in signed or unsigned:
        words = "There were headers present in the request which were not signed"
        raise Refused(403, "AccessDenied", words, {"HeadersNotSigned": ", ".join(unsigned)})
    token = request.headers.get("X-Amz-Security-Token")
    keys = botocore.credentials.Credentials(known["ak"], known["sk"], token)
    signer = botocore.auth.S3SigV4Auth(keys, service, region)
    query = "?" + request.query if request.query else ""
    copy = AWSRequest(
        method=request.command,
        url=f"http://{request.headers['Host']}{request.raw_path}{query}",
        headers={name: request.headers.get(name, "") for name in signed},
        data=b"",
    )
    copy.context["timestamp"], copy.context["client_config"] = date, None
    if "X-Amz-Content-SHA256" not in copy.headers:
        copy.headers["X-Amz-Content-SHA256"] = digest
    to_sign = signer.string_to_sign(copy, signer.canonical_request(copy))
    request.trace(string_to_sign=to_sign)
    compare(vendor, signature, signer.signature(to_sign, copy))
    request.check_skew(seconds(date))
    check_token(vendor, known, token, request.state.expired)
    request.payload_sha256 = digest
    return known


def check_region(request, region):
    wanted = (request.bucket_facts or {}).get("region", "*")
    if wanted not in ("*", region):
        words = (
            "The authorization header is malformed; "
            f"the region '{region}' is wrong; expecting '{wanted}'"
        )
        headers = {"x-amz-bucket-region": wanted}
        raise Refused(400, "AuthorizationHeaderMalformed", words, {"Region": wanted}, headers)
