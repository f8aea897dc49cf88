"""What is posted and what the answers mean, decided without anything of the contract."""

import json
import re

SCHEMA = {
    "type": "object",
    "required": ["url"],
    "properties": {
        "url": {"type": "string", "description": "https://host[:port]/path of the receiver"},
        # `url` and `secret` are what an app's callback has; `writeOnly` marks secrets.
        "secret": {"type": "string", "writeOnly": True, "description": "The token that it knows"},
    },
    "examples": [{"url": "https://hooks.example.com/capstan", "secret": "of-the-example"}],
}


class Config:
    """A checked configuration; ValueError holds (pointer, message)."""

    def __init__(self, text):
        try:
            given = json.loads(text)
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise ValueError("", "the configuration must be a JSON object")
        url = given.get("url")
        pattern = r"(https?)://([a-z0-9.-]+)(?::(\d{1,5}))?(/[!-~]*)?"
        found = re.fullmatch(pattern, url) if isinstance(url, str) else None
        if not found:
            raise ValueError("/url", "write https://host/path or https://host:port/path")
        self.secure = found[1] == "https"
        self.host = found[2]
        self.port = int(found[3]) if found[3] else None
        self.target = found[4] or "/"
        self.secret = given.get("secret")


def body(notice):
    """The event as JSON."""
    event = {
        "id": notice.id,
        "app": notice.app,
        "room": notice.room,
        "recording": notice.sid,
        "sequence": notice.sequence,
        "at_ms": notice.at_ms,
        "kind": notice.kind,
        "details": json.loads(notice.details),
    }
    return json.dumps(event).encode()


def delivered(status):
    """Whether the receiver took the event."""
    return 200 <= status < 300


def later(status):
    """Whether another try may succeed: the server is to blame or says that it is busy."""
    return status >= 500 or status in (408, 425, 429)
