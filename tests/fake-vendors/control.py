"""The stand-ins' own interface, on every port: what happened, and what is to happen."""

import json

# Requests that the log keeps.
LOG_LENGTH = 20_000


def answer(request):
    """Answers a request for `/stats` or `/__...`."""
    length = int(request.headers.get("Content-Length") or 0)
    sent = json.loads(request.rfile.read(length)) if length else None
    path, state = request.raw_path, request.state
    if path == "/__object":
        asked = request.parameters()
        meta = state.objects.get((asked["vendor"], asked["bucket"], asked["key"]))
        if meta is None:
            reply(request, 404, b"", "text/plain")
            return
        with open(meta["path"], "rb") as file:
            reply(request, 200, file.read(), meta.get("content_type") or "")
        return
    with state.lock:
        body = json.dumps(facts(state, path, request.command, sent), ensure_ascii=False)
    reply(request, 200, body.encode(), "application/json")


def facts(state, path, method, sent):
    if path == "/stats":
        half_done = [
            {"vendor": upload.vendor, "bucket": upload.bucket, "key": upload.key}
            for upload in state.uploads.values()
            if not upload.answer
        ]
        return {"stats": state.stats, "uploads": half_done, "faults": state.faults}
    if path == "/__log":
        return state.log
    if path == "/__objects":
        hidden = ("path",)
        return [
            {name: value for name, value in meta.items() if name not in hidden}
            for meta in state.objects.values()
        ]
    if path == "/__faults":
        if method == "POST":
            state.faults.extend(sent)
        elif method == "DELETE":
            state.faults.clear()
        return state.faults
    if path == "/__expire":
        state.expired.update(sent)
        return sorted(state.expired)
    if path == "/__config":
        if method == "POST":
            state.config.update(sent)
        return state.config
    if path == "/__reset":
        state.reset()
        return {}
    return {"error": "no such path"}


def reply(request, status, body, kind):
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
