"""One HTTP request from its first line to its answer, with the fault that hits it."""

import datetime
import email.utils
import http.server
import json
import re
import socket
import struct
import time
import traceback
import urllib.parse
import uuid

import control
import kodo
import objectstore
import routing
from errors import ANSWERS, Refused, refusal
from state import Body
from xml_answers import error_xml

SERVERS = {
    "s3": ("AmazonS3", "x-amz-request-id"),
    "aliyun": ("AliyunOSS", "x-oss-request-id"),
    "tencent": ("tencent-cos", "x-cos-request-id"),
    "kingsoft": ("tengine", "x-kss-request-id"),
    "qiniu": ("openresty", "X-Reqid"),
}
# Phrases of Kodo's own statuses, which Python doesn't know.
PHRASES = {
    419: "Frozen",
    573: "Rate Limited",
    599: "Server Error",
    612: "Not Found",
    614: "Exists",
    631: "No Such Bucket",
}
MOST_SKEW = 900


class Handler(http.server.BaseHTTPRequestHandler):
    """A request; the server that took it knows vendor and state."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *_):
        """Nothing on the terminal: the log is asked for."""

    def setup(self):
        super().setup()
        # An answer is one small write after the other; without this each waits for the last.
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self):
        """Any request."""
        self.begin()
        if self.raw_path == "/stats" or self.raw_path.startswith("/__"):
            control.answer(self)
            return
        stats = self.state.stats[self.vendor]
        with self.state.lock:
            stats["requests"] += 1
            stats["concurrent"] += 1
            stats["max_concurrent"] = max(stats["max_concurrent"], stats["concurrent"])
        op = "?"
        try:
            op = self.op = routing.route(self)
            self.serve(op)
        except Refused as refused:
            self.refuse(refused)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        except Exception as error:  # a bug of the stand-ins must be seen, and answered
            traceback.print_exc()
            self.refuse(Refused(400, "InvalidRequest", repr(error)))
        finally:
            self.end(op, stats)

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET

    def begin(self):
        self.state, self.vendor = self.server.state, self.server.vendor
        self.raw_path, _, self.query = self.path.partition("?")
        self.host = (self.headers.get("Host") or "").rsplit(":", 1)[0].lower()
        if self.vendor == "auto":
            self.vendor = routing.vendor_of(self.host, self.headers.get("Authorization", ""))
        self.bucket = self.key = ""
        self.bucket_facts = self.fault = self.payload_sha256 = self.body = None
        self.status_sent, self.traced = 0, {}

    def serve(self, op):
        with self.state.lock:
            by_op = self.state.stats[self.vendor]["by_op"]
            by_op[op] = by_op.get(op, 0) + 1
        if op == "form":
            # Its key is in its body, so the body comes before the fault.
            self.body = self.read_body()
            self.key = kodo.key_of_form(self.body)
        self.fault = self.state.take_fault(self.vendor, op, self.key)
        if self.hit_by("reset_before") or (self.body and self.hit_by("reset_mid_body")):
            self.hang_up()
            return
        if self.command in ("PUT", "POST") and self.headers.get("Content-Length") is None:
            raise refusal(self.vendor, "no_length")
        try:
            self.body = self.body or self.read_body()
        except ConnectionAbortedError:
            self.hang_up()
            return
        except ConnectionError as error:
            raise refusal(self.vendor, "incomplete") from error
        self.state.stats[self.vendor]["bytes_in"] += self.body.length
        self.refuse_by_order()
        if routing.is_kodo(self):
            kodo.serve(self, self.body)
        else:
            objectstore.serve(self, self.body)

    def end(self, op, stats):
        with self.state.lock:
            stats["concurrent"] -= 1
            entry = {
                "at": time.time(),
                "vendor": self.vendor,
                "op": op,
                "key": self.key,
                "method": self.command,
                "host": self.headers.get("Host"),
                "target": self.path,
                "status": self.status_sent,
                "fault": self.fault and self.fault["kind"],
                "headers": dict(self.headers.items()),
            }
            self.state.log.append({**entry, **self.traced})
            del self.state.log[: -control.LOG_LENGTH]
        if self.body:
            self.body.drop()

    # What the checks and the stores ask of a request.

    def parameters(self):
        """The query's parameters, empty ones too."""
        return dict(urllib.parse.parse_qsl(self.query, keep_blank_values=True))

    def signed_path(self):
        """The path as COS signs it: the key, decoded, wherever the bucket is named."""
        return "/" + self.key

    def trace(self, **facts):
        """Keeps facts for the log, if they are wanted."""
        if self.state.config["trace"]:
            self.traced.update(facts)

    def check_skew(self, signed_at):
        """Whether the signature is of now."""
        now = self.state.now()
        if not self.state.config["skew_check"] or abs(now - signed_at) <= MOST_SKEW:
            return
        iso = [
            datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime(
                "%Y-%m-%dT%H:%M:%SZ"
            )
            for at in (signed_at, now)
        ]
        raise refusal(self.vendor, "skew", {"RequestTime": iso[0], "ServerTime": iso[1]})

    def hit_by(self, kind):
        """The fault, if it is of this kind."""
        return self.fault if self.fault and self.fault["kind"] == kind else None

    # Taking and answering.

    def read_body(self):
        body = Body(self.state)
        slow, cut = self.hit_by("slow_read"), self.hit_by("reset_mid_body")
        left = int(self.headers.get("Content-Length") or 0)
        while left:
            wanted = min(left, 65_536)
            if slow:
                time.sleep(min(5, wanted / slow.get("bytes_per_s", 65_536)))
            block = self.rfile.read(wanted)
            if not block:
                body.drop()
                raise ConnectionError("the body is too short")
            left -= len(block)
            body.write(block)
            if cut and body.length >= cut.get("after_bytes", 1):
                body.drop()
                raise ConnectionAbortedError("reset by order")
        return body.done()

    def refuse_by_order(self):
        fault = self.fault
        if fault is None:
            return
        if fault["kind"] in ANSWERS:
            pause = fault.get("retry_after")
            headers = None if pause is None else {"Retry-After": str(pause)}
            raise refusal(self.vendor, fault["kind"], headers=headers)
        if fault["kind"] == "status":
            code, message = fault.get("code", "Injected"), fault.get("message", "injected fault")
            raise Refused(fault["status"], code, message)
        if fault["kind"] == "redirect":
            words = "Please re-send this request to the specified temporary endpoint."
            where = fault["location"]
            raise Refused(307, "TemporaryRedirect", words, {"Endpoint": where}, {"Location": where})

    def answer(self, status, headers, body=b""):
        """Answers, unless a fault has other plans."""
        if isinstance(body, str):
            body = body.encode()
        headers, body = self.falsified({**self.usual_headers(), **headers}, body)
        if late := self.hit_by("slow_response"):
            time.sleep(late.get("delay_ms", 1000) / 1000)
        if hung := self.hit_by("hang"):
            time.sleep(hung.get("delay_ms", 30_000) / 1000)
        if any(self.hit_by(kind) for kind in ("hang", "reset_after", "forget_after")):
            self.hang_up()
            return
        self.status_sent = status
        with self.state.lock:
            by_status = self.state.stats[self.vendor]["by_status"]
            by_status[str(status)] = by_status.get(str(status), 0) + 1
        self.send_response(status, PHRASES.get(status))
        missing = 10 if self.hit_by("truncated_response") else 0
        for name, value in {**headers, "Content-Length": str(len(body) + missing)}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.write(body)
        if self.hit_by("truncated_response") or self.hit_by("close_after"):
            self.wfile.flush()
            self.hang_up()

    def usual_headers(self):
        server, request_id = SERVERS[self.vendor]
        return {
            "Date": email.utils.formatdate(self.state.now(), usegmt=True),
            "Server": server,
            request_id: uuid.uuid4().hex[:16].upper(),
        }

    def falsified(self, headers, body):
        """The answer with a wrong tag or checksum, if that is the fault."""
        if self.hit_by("wrong_etag"):
            for name in headers:
                if name.lower() == "etag":
                    headers[name] = '"%s"' % ("0" * 32)
            body = re.sub(rb"<ETag>[^<]*</ETag>", b'<ETag>"%s-1"</ETag>' % (b"0" * 32), body)
            body = re.sub(rb'"(hash|etag|md5)": "[^"]*"', rb'"\1": "Fo%s"' % (b"0" * 26), body)
        if self.hit_by("wrong_crc"):
            for name in headers:
                if "crc64" in name.lower():
                    headers[name] = "1"
            body = re.sub(rb"<(Checksum\w*)>\d+</", rb"<\1>1</", body)
        if self.hit_by("garbage_body"):
            headers["Content-Type"], body = "text/html", b"<html>502 from a proxy</html>"
        return headers, body

    def write(self, body):
        slow = self.hit_by("slow_body")
        if not slow:
            self.wfile.write(body)
            return
        for at in range(0, len(body), 16):
            self.wfile.write(body[at : at + 16])
            self.wfile.flush()
            time.sleep(slow.get("delay_ms", 100) / 1000)

    def refuse(self, refused):
        stats = self.state.stats[self.vendor]
        if refused.code in ("SignatureDoesNotMatch", "bad_sig"):
            stats["sig_bad"] += 1
        headers = {"Content-Type": "application/xml", **refused.headers}
        if self.vendor == "qiniu":
            headers["Content-Type"] = "application/json"
            body = json.dumps({"error": refused.message})
        else:
            body = error_xml(self, refused)
        try:
            self.answer(refused.status, headers, "" if self.command == "HEAD" else body)
        except OSError:
            self.close_connection = True

    def hang_up(self):
        """Resets the connection."""
        self.close_connection, self.status_sent = True, "reset"
        try:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        except OSError:
            pass
