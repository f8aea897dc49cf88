"""What the stand-ins know at the start: who may ask, for which buckets, in parts of which size."""

VENDORS = ["s3", "aliyun", "tencent", "kingsoft", "qiniu"]

# ak, sk: the key pair. tokens: session tokens that go with it. plain: good without a token.
# deny: known, but may do nothing.
CREDENTIALS = {
    "s3": [
        {
            "ak": "AKIAIOSFODNN7EXAMPLE",
            "sk": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "tokens": ["FwoGZXIvYXdzEBYaD/EXAMPLE/TOKEN+=="],
        },
        {
            "ak": "ASIAIOSFODNN7FRESH00",
            "sk": "freshUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "tokens": ["FwoGZXIvYXdzEBYaD/FRESH/TOKEN+=="],
            "plain": False,
        },
        {"ak": "AKIAREADONLYEXAMPLE0", "sk": "readonlysecret", "deny": True},
    ],
    "aliyun": [
        {"ak": "LTAI5tEXAMPLEexample", "sk": "yourSecret0123456789abcdefEXAMPLE"},
        {
            "ak": "STS.NUexample",
            "sk": "stsSecret0123456789",
            "tokens": ["CAISxwJ1q6Ft5B2yfSjIr5/TOKEN+/=="],
            "plain": False,
        },
        {"ak": "LTAIreadonly", "sk": "readonlysecret", "deny": True},
    ],
    "tencent": [
        {
            "ak": "AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q",
            "sk": "BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz",
            "tokens": ["TmpTokenEXAMPLE/abc+def=="],
        },
        {"ak": "AKIDreadonly", "sk": "readonlysecret", "deny": True},
    ],
    "kingsoft": [
        {
            "ak": "AKLTexampleEXAMPLE1234",
            "sk": "OExampleSecretKey0123456789abcdefgh==",
            "tokens": ["ks3-sts-token/EXAMPLE+=="],
        },
        {"ak": "AKLTreadonly", "sk": "readonlysecret", "deny": True},
    ],
    "qiniu": [
        {"ak": "MY_ACCESS_KEY", "sk": "MY_SECRET_KEY"},
        {"ak": "READONLY_AK", "sk": "readonlysecret", "deny": True},
    ],
}

# region "*" is any; quota refuses writes as the vendor does in arrears.
BUCKETS = {
    "s3": {
        "rec-bucket": {"region": "*"},
        "rec-eu": {"region": "eu-west-1"},
        "rec-full": {"region": "*", "quota": True},
    },
    "aliyun": {
        "rec-bucket": {"region": "*"},
        "rec-bj": {"region": "cn-beijing"},
        "rec-full": {"region": "*", "quota": True},
    },
    "tencent": {
        "rec-bucket-1250000000": {"region": "*"},
        "rec-full-1250000000": {"region": "*", "quota": True},
    },
    "kingsoft": {
        "rec-bucket": {"region": "*"},
        "rec-full": {"region": "*", "quota": True},
    },
    "qiniu": {
        "rec-bucket": {"region": "*"},
        "rec-full": {"region": "*", "quota": True},
    },
}

# Bytes that every part but the last must have.
MIN_PART = {
    "s3": 5 << 20,
    "aliyun": 100 << 10,
    "tencent": 1 << 20,
    "kingsoft": 100 << 10,
    "qiniu": 1 << 20,
}

# A request's vendor on the port `auto`, by its Host.
HOST_SUFFIXES = {
    "aliyun": (".aliyuncs.com",),
    "tencent": (".myqcloud.com", ".tencentcos.cn"),
    "kingsoft": (".ksyuncs.com", ".ksyun.com"),
    "qiniu": (".qiniup.com", ".qiniuapi.com", ".qbox.me"),
    "s3": (".amazonaws.com", ".amazonaws.com.cn"),
}


def config():
    """A fresh configuration, to be changed by `/__config`."""
    return {
        "now": None,  # a fixed clock in Unix seconds, or the real one
        "skew_check": True,  # 15 minutes; COS and Qiniu check windows of their own
        "min_part": None,  # the vendors' own least sizes, or so many bytes for all
        "trace": False,  # keep what the SDKs signed in the log
    }
