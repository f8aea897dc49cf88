"""Checks of Aliyun's, Tencent's, Kingsoft's and Qiniu's signatures, each by the vendor's own SDK: the
received request is signed again, and the two signatures are compared."""

import datetime
import email.utils
import json
import threading
import time
import types
import urllib.parse

import ks3.auth
import oss2.auth
import oss2.credentials
import qcloud_cos.cos_auth
import qiniu
import qiniu.utils
from requests.structures import CaseInsensitiveDict

import defaults
from errors import Refused, refusal


def credential(vendor, access_key):
    """The known key pair of this access key."""
    for known in defaults.CREDENTIALS[vendor]:
        if known["ak"] == access_key:
            return known
    raise refusal(vendor, "bad_ak")


def check_token(vendor, known, token, expired):
    """Whether the session token, or its absence, goes with the key and still holds."""
    if token is None:
        if not known.get("plain", True):
            raise refusal(vendor, "bad_ak" if vendor == "aliyun" else "bad_token")
    elif token not in known.get("tokens", []):
        raise refusal(vendor, "bad_token")
    elif token in expired:
        raise refusal(vendor, "expired_token")


def compare(vendor, given, good):
    """Whether the signature is the SDK's."""
    if given != good:
        raise refusal(vendor, "bad_sig", {"SignatureProvided": given})


def seconds(date):
    """Unix seconds of a date like 20240315T083045Z."""
    parsed = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ")
    return parsed.replace(tzinfo=datetime.timezone.utc).timestamp()


def check_aliyun(request):
    """OSS: version 4, and version 1 for private clouds."""
    given = request.headers.get("Authorization", "")
    if given.startswith("OSS4-HMAC-SHA256"):
        known = check_oss4(request, given)
    elif given.startswith("OSS "):
        known = check_oss1(request, given)
    else:
        raise refusal("aliyun", "anonymous")
    token = request.headers.get("x-oss-security-token")
    check_token("aliyun", known, token, request.state.expired)
    return known


def oss_request(request, region=None):
    """The request as oss2 wants it."""
    return types.SimpleNamespace(
        method=request.command,
        headers=CaseInsensitiveDict(dict(request.headers)),
        params=request.parameters(),
        region=region,
        cloudbox_id=None,
        product="oss",
    )


def check_oss4(request, given):
    fields = given[len("OSS4-HMAC-SHA256") :].strip().split(",")
    fields = dict(field.strip().split("=", 1) for field in fields)
    if not request.headers.get("x-oss-content-sha256"):
        raise Refused(400, "InvalidArgument", "x-oss-content-sha256 header is required")
    access_key, _day, region, _product, _end = fields["Credential"].rsplit("/", 4)
    known = credential("aliyun", access_key)
    wanted = (request.bucket_facts or {}).get("region", "*")
    if wanted not in ("*", region):
        words = "Invalid signing region in Authorization header."
        raise Refused(400, "InvalidArgument", words, {"Region": wanted})
    extra = fields.get("AdditionalHeaders")
    extra = extra.split(";") if extra else None
    provider = oss2.credentials.StaticCredentialsProvider(known["ak"], known["sk"])
    signer = oss2.auth.ProviderAuthV4(provider)
    date = request.headers.get("x-oss-date") or ""
    # The SDK keeps its signer to itself; there is no public way to sign a foreign request.
    good = signer._ProviderAuthV4__make_signature(
        oss_request(request, region),
        request.bucket,
        request.key,
        extra,
        provider.get_credentials(),
        date,
    )
    compare("aliyun", fields["Signature"], good)
    request.check_skew(seconds(date))
    return known


def check_oss1(request, given):
    access_key, signature = given[4:].split(":", 1)
    known = credential("aliyun", access_key)
    provider = oss2.credentials.StaticCredentialsProvider(known["ak"], known["sk"])
    signer = oss2.auth.ProviderAuth(provider)
    good = signer._ProviderAuth__make_signature(
        oss_request(request), request.bucket, request.key, provider.get_credentials()
    )
    compare("aliyun", signature, good)
    date = request.headers.get("x-oss-date") or request.headers.get("Date")
    if not date:
        raise Refused(403, "AccessDenied", "OSS authentication requires a valid Date.")
    request.check_skew(email.utils.parsedate_to_datetime(date).timestamp())
    return known


class SignersClock:
    """Time as COS's signer reads it: each thread's own, since the SDK takes no time as an argument."""

    local = threading.local()

    def time(self):
        """The thread's time, or the real one."""
        fixed = getattr(self.local, "now", None)
        return time.time() if fixed is None else fixed

    def __getattr__(self, name):
        return getattr(time, name)


qcloud_cos.cos_auth.time = SignersClock()
# The SDK would choose the headers to sign; here the request has chosen them.
qcloud_cos.cos_auth.filter_headers = dict


def check_tencent(request):
    """COS."""
    given = request.headers.get("Authorization", "")
    if not given:
        raise refusal("tencent", "anonymous")
    fields = dict(field.split("=", 1) for field in urllib.parse.unquote(given).split("&"))
    needed = ("q-sign-algorithm", "q-ak", "q-sign-time", "q-header-list", "q-url-param-list")
    if any(name not in fields for name in (*needed, "q-signature")):
        raise refusal("tencent", "denied")
    known = credential("tencent", fields["q-ak"])
    begin, end = map(int, fields["q-sign-time"].split(";"))
    headers = [name for name in fields["q-header-list"].split(";") if name]
    parameters = [name for name in fields["q-url-param-list"].split(";") if name]
    if any(name not in request.headers for name in headers):
        raise refusal("tencent", "bad_sig")
    compare(
        "tencent",
        fields["q-signature"],
        cos_signature(request, known, begin, end, headers, parameters),
    )
    now = request.state.now()
    if now < begin - 900:
        raise refusal("tencent", "skew")
    if now > end:
        raise Refused(403, "AccessDenied", "Request has expired")
    token = request.headers.get("x-cos-security-token")
    check_token("tencent", known, token, request.state.expired)
    return known


def cos_signature(request, known, begin, end, headers, parameters):
    sign_host = "host" in headers
    settings = types.SimpleNamespace(
        _secret_id=known["ak"],
        _secret_key=known["sk"],
        _credential_inst=None,
        _anonymous=False,
        _sign_params=True,
        _sign_host=sign_host,
    )
    lower = {name.lower(): value for name, value in request.parameters().items()}
    signer = qcloud_cos.cos_auth.CosS3Auth(
        settings,
        request.signed_path(),
        {name: lower.get(name, "") for name in parameters},
        expire=end - begin - 60,
        sign_host=sign_host,
    )
    copy = types.SimpleNamespace(
        method=request.command,
        url=f"http://{request.headers['Host']}/",
        headers={name: request.headers[name] for name in headers},
    )
    SignersClock.local.now = begin + 60
    try:
        signer(copy)
    finally:
        SignersClock.local.now = None
    return copy.headers["Authorization"].rsplit("q-signature=", 1)[1]


def check_kingsoft(request):
    """KS3."""
    given = request.headers.get("Authorization", "")
    if not given.startswith("KSS "):
        raise refusal("kingsoft", "anonymous")
    access_key, signature = given[4:].rsplit(":", 1)
    known = credential("kingsoft", access_key)
    signed = ks3.auth.canonical_string(
        request.command,
        request.bucket,
        request.key,
        request.parameters() or None,
        dict(request.headers),
    )
    date = request.headers.get("Date")
    if not date:
        raise Refused(403, "AccessDenied", "KS3 authentication requires a valid Date header")
    compare("kingsoft", signature, ks3.auth.encode(known["sk"], signed))
    request.check_skew(email.utils.parsedate_to_datetime(date).timestamp())
    token = request.headers.get("x-kss-security-token")
    check_token("kingsoft", known, token, request.state.expired)
    return known


def check_qiniu(request, token):
    """Kodo's upload token; answers its policy, bucket and key (if it names one)."""
    if not token:
        raise refusal("qiniu", "anonymous")
    try:
        access_key, _, encoded = token.split(":")
        policy_bytes = qiniu.utils.urlsafe_base64_decode(encoded)
        policy = json.loads(policy_bytes)
        scope, deadline = policy["scope"], int(policy["deadline"])
    except (ValueError, KeyError) as error:
        raise refusal("qiniu", "bad_sig") from error
    known = credential("qiniu", access_key)
    compare("qiniu", token, qiniu.Auth(known["ak"], known["sk"]).token_with_data(policy_bytes))
    if request.state.now() > deadline:
        raise refusal("qiniu", "skew")
    if known.get("deny"):
        raise refusal("qiniu", "denied")
    bucket, colon, key = scope.partition(":")
    facts = defaults.BUCKETS["qiniu"].get(bucket)
    if facts is None:
        raise refusal("qiniu", "no_bucket")
    if facts.get("quota"):
        raise refusal("qiniu", "quota")
    return policy, bucket, key if colon else None


CHECKS = {"aliyun": check_aliyun, "tencent": check_tencent, "kingsoft": check_kingsoft}
