"""What each vendor answers in trouble: status, code and words, by the kind of trouble."""

XML_VENDORS = ("s3", "aliyun", "tencent", "kingsoft")


class Refused(Exception):
    """An answer in a vendor's words that isn't a success."""

    def __init__(self, status, code, message, extra=None, headers=None):
        super().__init__(code)
        self.status, self.code, self.message = status, code, message
        self.extra, self.headers = extra or {}, headers or {}


def alike(status, code, message, qiniu):
    """One answer for the four XML vendors, another for Qiniu."""
    answers = {vendor: (status, code, message) for vendor in XML_VENDORS}
    return {**answers, "qiniu": (qiniu[0], None, qiniu[1])}


SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your key and signing method."
)
SKEW = "The difference between the request time and the current time is too large."
INTERNAL = "We encountered an internal error. Please try again."
MD5 = "The Content-MD5 you specified did not match what we received."
NO_PART = "One or more of the specified parts could not be found."
EXISTS = "The object you specified already exists and can not be overwritten."
ELSEWHERE = (
    "The bucket you are attempting to access must be addressed using the specified endpoint. "
    "Please send all future requests to this endpoint."
)

ANSWERS = {
    "bad_ak": {
        **alike(
            403,
            "InvalidAccessKeyId",
            "The access key id you provided does not exist in our records.",
            (401, "bad token"),
        ),
        "s3": (
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
    },
    "bad_sig": {
        **alike(403, "SignatureDoesNotMatch", SIGNATURE, (401, "bad token")),
        "tencent": (403, "SignatureDoesNotMatch", "The Signature you specified is invalid."),
    },
    "bad_token": {
        **alike(
            403,
            "InvalidSecurityToken",
            "The security token you provided is invalid.",
            (401, "bad token"),
        ),
        "s3": (400, "InvalidToken", "The provided token is malformed or otherwise invalid."),
        "tencent": (403, "InvalidToken", "The token is invalid"),
    },
    "expired_token": {
        **alike(400, "ExpiredToken", "The provided token has expired.", (401, "expired token")),
        "aliyun": (403, "SecurityTokenExpired", "The security token you provided has expired."),
    },
    "no_bucket": alike(
        404, "NoSuchBucket", "The specified bucket does not exist.", (631, "no such bucket")
    ),
    "denied": {
        **alike(403, "AccessDenied", "Access Denied.", (403, "permission denied")),
        "aliyun": (
            403,
            "AccessDenied",
            "You have no right to access this object because of bucket acl.",
        ),
    },
    "anonymous": alike(403, "AccessDenied", "Access Denied.", (401, "token not specified")),
    "skew": alike(403, "RequestTimeTooSkewed", SKEW, (401, "expired token")),
    "throttle": {
        **alike(
            503,
            "SlowDown",
            "Please reduce your request rate.",
            (573, "concurrency limit exceeded"),
        ),
        "aliyun": (503, "QpsLimitExceeded", "Please reduce your request rate."),
    },
    "internal": alike(500, "InternalError", INTERNAL, (599, "internal server error")),
    "unavailable": alike(
        503, "ServiceUnavailable", "Please try again later.", (503, "service unavailable")
    ),
    "quota": {
        "s3": (403, "QuotaExceeded", "Bucket quota exceeded"),
        "aliyun": (403, "UserDisable", "UserDisable"),
        "tencent": (451, "UnavailableForLegalReasons", "Account is in arrears"),
        "kingsoft": (403, "OperationDenied", "Your account is in arrears."),
        "qiniu": (419, None, "account is frozen"),
    },
    "wrong_region": {
        "s3": (
            400,
            "AuthorizationHeaderMalformed",
            "The authorization header is malformed; the region is wrong; expecting 'eu-west-1'",
        ),
        "aliyun": (403, "AccessDenied", ELSEWHERE),
        # The region is in the host: there is no such bucket there.
        "tencent": (404, "NoSuchBucket", "The specified bucket does not exist."),
        "kingsoft": (301, "PermanentRedirect", ELSEWHERE),
        "qiniu": (
            400,
            None,
            "incorrect region, please use up-z1.qiniup.com, bucket is: rec-bucket",
        ),
    },
    "bad_digest": {
        **alike(400, "BadDigest", MD5, (406, "crc32 not match")),
        "aliyun": (400, "InvalidDigest", "The Content-MD5 you specified was invalid."),
    },
    "no_upload": alike(
        404, "NoSuchUpload", "The specified upload does not exist.", (612, "no such uploadId")
    ),
    "bad_part": alike(400, "InvalidPart", NO_PART, (400, "invalid part")),
    "small_part": alike(
        400,
        "EntityTooSmall",
        "Your proposed upload is smaller than the minimum allowed size.",
        (400, "part size too small"),
    ),
    "bad_request": alike(400, "InvalidArgument", "Invalid Argument", (400, "invalid argument")),
    "incomplete": alike(
        400,
        "IncompleteBody",
        "The request body terminated unexpectedly",
        (400, "unexpected EOF"),
    ),
    "no_length": alike(
        411,
        "MissingContentLength",
        "You must provide the Content-Length HTTP header.",
        (411, "Length Required"),
    ),
    "sha256": alike(
        400,
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        (400, "sha256 not match"),
    ),
    "exists": {
        **alike(409, "FileAlreadyExists", EXISTS, (614, "file exists")),
        "s3": (
            412,
            "PreconditionFailed",
            "At least one of the pre-conditions you specified did not hold",
        ),
    },
    "scope": {"qiniu": (403, None, "key doesn't match with scope")},
}

# Where the bucket of a `wrong_region` fault is, as each vendor says it.
WHERE = {
    "s3": ({"Region": "eu-west-1"}, {"x-amz-bucket-region": "eu-west-1"}),
    "aliyun": ({"Endpoint": "oss-cn-beijing.aliyuncs.com"}, {}),
    "kingsoft": (
        {"Endpoint": "ks3-cn-shanghai.ksyuncs.com"},
        {"Location": "http://rec-bucket.ks3-cn-shanghai.ksyuncs.com/"},
    ),
}


def refusal(vendor, kind, extra=None, message=None, headers=None):
    """The vendor's answer to a kind of trouble, to be raised."""
    status, code, words = ANSWERS[kind][vendor]
    if kind == "wrong_region" and vendor in WHERE:
        extra, headers = WHERE[vendor]
    return Refused(status, code or kind, message or words, extra, headers)
