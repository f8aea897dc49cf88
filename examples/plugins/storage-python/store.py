"""What the store wants and what its answers mean, decided without anything of the contract.

The store is as simple as can be: `PUT /<bucket>/<key>` with a token, answered by an `etag` that is the
MD5 of what arrived. Put your vendor's requests in its place.
"""

import json
import re
from urllib.parse import quote

SCHEMA = {
    "type": "object",
    "required": ["endpoint", "bucket", "token"],
    "properties": {
        "endpoint": {"type": "string", "description": "https://host[:port] of the store"},
        "bucket": {"type": "string"},
        # Marks a secret: the host never shows it.
        "token": {"type": "string", "writeOnly": True},
    },
    "examples": [
        {"endpoint": "https://store.example.com", "bucket": "recordings", "token": "of-the-example"}
    ],
}


class Config:
    """A checked configuration; ValueError holds (pointer, message) pairs."""

    def __init__(self, text):
        try:
            given = json.loads(text)
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise ValueError(("", "the configuration must be a JSON object"))
        wrong = [
            ("/" + name, "must be a text that isn't empty")
            for name in SCHEMA["required"]
            if not isinstance(given.get(name), str) or not given[name]
        ]
        if wrong:
            raise ValueError(*wrong)
        found = re.fullmatch(r"(https?)://([a-z0-9.-]+)(?::(\d{1,5}))?/?", given["endpoint"])
        if not found:
            raise ValueError(("/endpoint", "write https://host or https://host:port"))
        self.secure = found[1] == "https"
        self.host = found[2]
        self.port = int(found[3]) if found[3] else None
        self.bucket = given["bucket"]
        self.token = given["token"]

    def target(self, key):
        """The path as it travels: what isn't a letter, a digit or one of `-._~/` as %XX."""
        return f"/{quote(self.bucket)}/{quote(key)}"

    def url(self, key):
        """Where people find the object."""
        scheme = "https" if self.secure else "http"
        port = f":{self.port}" if self.port else ""
        return f"{scheme}://{self.host}{port}{self.target(key)}"


KINDS = {
    401: "bad-credentials",
    403: "denied",
    404: "no-bucket",
    409: "already-exists",
    412: "already-exists",
    507: "quota",
}


def kind(status):
    """The class of a bad answer."""
    if status in KINDS:
        return KINDS[status]
    if 300 <= status < 400:
        return "wrong-region"
    if status in (429, 503):
        return "throttled"
    return "transient" if status >= 500 else "rejected"


def header(headers, name):
    """A header's value, or None."""
    return next((value for of, value in headers if of == name), None)


def wait_ms(headers):
    """How long a busy store wants to be left alone, or None."""
    seconds = header(headers, "retry-after") or ""
    return min(int(seconds), 3600) * 1000 if seconds.isdecimal() else None


def words(text):
    """Somebody's words, cut and without control characters."""
    return re.sub(r"[\x00-\x1f]", " ", text)[:500]
