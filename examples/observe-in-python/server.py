"""A JobSpec v0 server of level 1 (Observe) over a ledger file, in Python's standard library alone.

    python3 server.py .agents/daemon/ledger.jsonl 8765
    waybill conformance run --url http://127.0.0.1:8765 --level 1
"""

import json
import re
import sys
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

SOURCE = ".agents/daemon/ledger.jsonl"
PROJECTIONS = ["daemon-job-status", "daemon-status", "dream-runs", "openclaw-snapshot", "rpi-registry", "wiki-jobs"]
STATUS = {"job.accepted": "queued", "job.claimed": "running", "job.heartbeat": "running",
          "job.lease_expired": "retry_waiting", "job.completed": "completed", "job.failed": "failed",
          "job.cancelled": "cancelled"}  # fmt: skip
RESULT = {"job.completed": "succeeded", "job.failed": "failed", "job.cancelled": "cancelled"}


class Refused(Exception):
    pass


def read_ledger(path):
    """Every record that can be read, and what is wrong with each that cannot (JobSpec v0 §7)."""
    events, corrupt = [], []
    with open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            try:
                if line.strip():
                    events.append({"payload": {}} | json.loads(line))
            except (ValueError, TypeError) as error:
                corrupt.append({"line_number": number, "error": f"invalid json: {error}"})
    return events, corrupt


def fold(events):
    """What the events come to, job by job (JobSpec v0 §11)."""
    jobs = {}
    for event in events:
        kind, payload = event["event_type"], event["payload"]
        if not kind.startswith("job."):
            continue
        job = jobs.setdefault(event["job_id"], {
            "job_id": event["job_id"], "job_type": "", "request_id": event["request_id"], "request_ids": [],
            "status": "queued", "attempt": 0, "max_attempts": 3, "lease_epoch": 0})  # fmt: skip
        if job["status"] in ("completed", "failed", "cancelled"):
            continue  # An end stays an end.
        job["status"] = STATUS.get(kind, job["status"])
        job["last_event_id"] = event["event_id"]
        for name in ("job_type", "max_attempts", "attempt", "lease_epoch"):
            job[name] = payload.get(name, job[name])
        if event["request_id"] not in job["request_ids"]:
            job["request_ids"].append(event["request_id"])
        if kind in RESULT:
            job["result_status"] = RESULT[kind]
    return [job for job in jobs.values() if job["job_type"]]


def page(events, query):
    """The events after a cursor (JobSpec v0 §3.4). Of a parameter that is given twice the first counts."""
    first = {name: values[0].strip() for name, values in query.items()}
    cursor = first.get("since") or first.get("after_id")
    if cursor:
        ids = [event["event_id"] for event in events]
        if cursor not in ids:
            raise Refused("event cursor not found")
        events = events[ids.index(cursor) + 1 :]
    limit = first.get("limit", "")
    if limit and not re.fullmatch(r"\+?[0-9]{1,18}|-0{1,18}", limit):
        raise Refused("limit must be a non-negative integer")
    return events[: min(int(limit), 1000)] if limit else events


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, content_type="application/json", **headers):
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        sent = f"{text}\n".encode()
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": len(sent), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(sent)

    def handle_any(self):
        # A body is not read, so it must not be taken for the next request.
        self.close_connection = True
        url = urlsplit(re.sub("^/+", "/", self.path))
        route = ROUTES.get(unquote(re.sub("/+", "/", url.path)))
        if route is None:
            return self.answer(404, "404 page not found", "text/plain; charset=utf-8", Connection="close")
        if self.command != "GET":
            return self.answer(405, {"error": "method not allowed"}, Allow="GET", Connection="close")
        try:
            self.answer(200, route(parse_qs(url.query, keep_blank_values=True)), Connection="close")
        except Refused as refused:
            self.answer(400, {"error": str(refused)}, Connection="close")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_any

    def log_message(self, *_):
        pass


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def position(events):
    return {"last_event_id": events[-1]["event_id"]} if events else {}


def health(_):
    return {"status": "ok", "daemon": "agentopsd", "read_only": True, "now": now()}


def ready(_):
    events, corrupt = read_ledger(LEDGER)
    lag = position(events) | {
        "event_count": len(events), "corrupt_record_count": len(corrupt), "degraded": bool(corrupt)}  # fmt: skip
    reasons = {"degraded_reasons": ["the ledger has corrupt records"]} if corrupt else {}
    return {
        "ready": not corrupt,
        "ledger_replay_status": "corrupt" if corrupt else "complete",
        "projection_status": "degraded" if corrupt else "current",
        "projection_lag": lag,
    } | reasons


def status(_):
    events, corrupt = read_ledger(LEDGER)
    jobs, at, last = fold(events), now(), position(events)
    form = {"schema_version": 1, "rebuilt_at": at, "source_ledger": SOURCE} | last
    state = "degraded" if corrupt else "current"
    lists = {kind: [job for job in jobs if job["job_type"].startswith(f"{kind}.")] for kind in ("rpi", "dream", "wiki")}
    projections = form | {
        "manifests": {name: form | {"projection": name, "status": state} for name in PROJECTIONS},
        "jobs": jobs,
        "rpi": {"runs": lists["rpi"]},
        "dream": {"runs": lists["dream"]},
        "wiki": {"jobs": lists["wiki"]},
    }
    lag = last | {"event_count": len(events), "corrupt_record_count": len(corrupt), "degraded": bool(corrupt)}
    return {"ready": not corrupt, "projection_lag": lag, "queue": {"jobs": jobs} | last, "projections": projections}


def events(query):
    known, corrupt = read_ledger(LEDGER)
    return {"events": page(known, query)} | position(known) | ({"corrupt": corrupt} if corrupt else {})


ROUTES = {"/v1/health": health, "/v1/ready": ready, "/v1/status": status, "/v1/events": events}

if __name__ == "__main__":
    LEDGER = sys.argv[1]
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Server)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
