"""Signed webhooks: signatures of the specification, bodies, what each answer of a receiver means."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import socket
import struct
import threading
from collections.abc import Callable
from email.utils import format_datetime
from ipaddress import ip_network
from pathlib import Path
from time import monotonic, time

import pytest
from certificates import Authority
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError
from web_support import OK, Listener, answering, names, request_of

from app.integrations.guard import Guard
from app.integrations.outgoing import Outcome, Outgoing
from app.integrations.webhooks.payload import MOST_BYTES, body
from app.integrations.webhooks.secrets import changed, new_secret, signing
from app.integrations.webhooks.sender import WebhookSender
from app.proofreading.report import SubmittedReport
from app.storage.types import Check, Decision, Endpoint, KeptVersion

LOOPBACK = (ip_network("127.0.0.0/8"),)
AT = dt.datetime(2026, 1, 31, 12, 0, 0, tzinfo=dt.UTC)
SECRET = new_secret()
WORD = "Zebulon"
TRIAL = Outgoing("msg_1", "endpoint.trial", AT)

# Standard Webhooks 1.0.0, reference libraries: the vector that all of them share
VECTOR = (
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "msg_p5jXN8AQM9LWM0D4loKWxJek",
    1614265330,
    '{"test": 2432232314}',
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
)


def endpoint(port: int, detail: str = "thin", scheme: str = "http", host: str = "127.0.0.1") -> Endpoint:
    settings = {
        "url": f"{scheme}://{host}:{port}/hook",
        "detail": detail,
        "secrets": [{"key": SECRET, "until": None}],
    }
    return Endpoint("e1", "webhook", "hook", settings)


def sender(port: int, seconds: float = 2.0, authorities: Path | None = None) -> WebhookSender:
    guard = Guard(LOOPBACK, ports=(port,), plain=authorities is None, authorities=authorities)
    return WebhookSender(guard, "https://radproof.example/", seconds)


def test_vector_of_the_specification() -> None:
    secret, id_, at, said, signature = VECTOR
    assert Webhook(secret).sign(id_, dt.datetime.fromtimestamp(at, dt.UTC), said) == signature
    key = base64.b64decode(secret.removeprefix("whsec_"))
    raw = hmac.new(key, f"{id_}.{at}.{said}".encode(), hashlib.sha256).digest()
    assert signature == f"v1,{base64.b64encode(raw).decode()}"


def caught(what: Outgoing, to: Callable[[int], Endpoint] = endpoint) -> tuple[dict[str, str], bytes]:
    """What a receiver gets: headers and body."""
    got: list[tuple[dict[str, str], bytes]] = []

    def serve(connection: socket.socket) -> None:
        first, headers, raw = request_of(connection)
        assert first == "POST /hook HTTP/1.1"
        got.append((headers, raw))
        connection.sendall(OK)

    with Listener(serve) as server:
        assert sender(server.port).send(to(server.port), what) == Outcome("delivered", status=204)
    return got[0]


def test_a_receiver_can_verify_what_is_sent() -> None:
    headers, raw = caught(TRIAL)
    assert Webhook(SECRET).verify(raw, headers) == {
        "type": "endpoint.trial",
        "timestamp": "2026-01-31T12:00:00Z",
        "data": {"detail": "thin"},
    }
    assert headers["webhook-id"] == "msg_1"
    assert headers["content-type"] == "application/json"
    assert abs(int(headers["webhook-timestamp"]) - time()) < 60
    assert SECRET not in str(headers)


@given(st.data())
def test_one_changed_bit_is_seen(data: st.DataObject) -> None:
    at = dt.datetime.now(dt.UTC)
    said = body(TRIAL, "", full=False)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", at, said),
    }
    Webhook(SECRET).verify(said, headers)
    part = data.draw(st.sampled_from(["body", "webhook-id", "webhook-timestamp", "webhook-signature"]))
    whole = (said if part == "body" else headers[part]).encode()
    start = 3 if part == "webhook-signature" else 0
    place = data.draw(st.integers(start, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[place] ^= 1 << data.draw(st.integers(0, 6))
    wrong = flipped.decode()
    changed_headers = headers if part == "body" else {**headers, part: wrong}
    try:
        with pytest.raises((WebhookVerificationError, ValueError)):
            Webhook(SECRET).verify(wrong if part == "body" else said, changed_headers)
    except pytest.fail.Exception:
        # base 64 leaves bits of its last character unused, and skips what is no letter of it
        assert part == "webhook-signature"
        before, after = (base64.b64decode(text[3:]) for text in (headers[part], wrong))
        assert before == after


@pytest.mark.parametrize("seconds", [-301, -3_600, 301, 3_600])
def test_old_and_future_timestamps_are_refused(seconds: int) -> None:
    at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", at, "{}"),
    }
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify("{}", headers)


def test_secrets_are_as_the_specification_wants_them() -> None:
    made = {new_secret() for _ in range(50)}
    assert len(made) == 50
    assert {len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) for secret in made} == {32}


def test_for_a_while_after_a_change_both_secrets_sign() -> None:
    fresh, known = changed([{"key": SECRET, "until": None}], int(time()) + 60)

    def rotated(port: int) -> Endpoint:
        return Endpoint("e1", "webhook", "hook", {**endpoint(port).settings, "secrets": known})

    headers, raw = caught(TRIAL, rotated)
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (SECRET, fresh):
        Webhook(secret).verify(raw, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(raw, headers)
    assert signing(known, time() + 61) == [fresh]
    again, later = changed(known, int(time()) + 60)
    assert signing(later, time()) == [again, fresh]


RESULT = {
    "report_id": "r1",
    "has_errors": True,
    "coverage": {"rules": "done", "knowledge": "done", "references": "done", "llm": "not_configured"},
    "complete": True,
    "errors": [],
    "corrected_text": WORD,
    "graph": {"entities": [], "relations": []},
    "references": [],
    "versions": {
        "radproof": "1",
        "knowledge_graph": "1",
        "reference_index": None,
        "llm": None,
        "prompts": None,
    },
}


def told(result: dict[str, object] | None, custom_id: str = "ACC-77") -> Outgoing:
    made = Decision("e1", "overridden", AT, "other", comment=WORD, actor=WORD)
    text = None if result is None else json.dumps(result)
    return Outgoing(
        "msg_2",
        "report.check.completed",
        AT,
        report=17,
        custom_id=custom_id,
        source="RIS|NORTH",
        submitted=SubmittedReport(WORD, custom_id),
        check=Check(3, AT, True, True, True, {}, {}, text, (made,)),
        version=KeptVersion(2, "F", "current"),
        message=WORD.encode(),
        message_kind="ORU^R01",
    )


ERRORS = [
    {"tier": tier, "type": type_, "quote": WORD, "message": WORD}
    for tier, type_ in (("high", "measurement"), ("high", "laterality_mismatch"), ("low", "measurement"))
]


def test_a_thin_body_holds_numbers_and_no_words() -> None:
    raw = body(told({**RESULT, "errors": ERRORS}), "https://radproof.example", full=False)
    assert WORD not in raw
    assert "ACC-77" not in raw
    assert json.loads(raw) == {
        "type": "report.check.completed",
        "timestamp": "2026-01-31T12:00:00Z",
        "data": {
            "detail": "thin",
            "report_id": 17,
            "custom_id_sha256": hashlib.sha256(b"ACC-77").hexdigest(),
            "source": "RIS|NORTH",
            "test": False,
            "version": {"number": 2, "state": "current", "replaced_by": None},
            "check": {
                "id": 3,
                "created_at": "2026-01-31T12:00:00Z",
                "has_errors": True,
                "complete": True,
                "decisions": 1,
                "tiers": {"high": 2, "medium": 0, "low": 1},
                "types": {"laterality_mismatch": 1, "measurement": 2},
            },
            "urls": {
                "report": "https://radproof.example/v1/reports/17",
                "checks": "https://radproof.example/v1/reports/17/checks",
            },
        },
    }


def test_a_full_body_holds_the_result_as_the_api_gives_it() -> None:
    data = json.loads(body(told(RESULT), "", full=True))["data"]
    assert (data["detail"], data["custom_id"], data["report_id"]) == ("full", "ACC-77", 17)
    assert data["result"]["corrected_text"] == WORD
    assert data["decisions"] == [
        {"error_id": "e1", "outcome": "overridden", "reason": "other", "at": "2026-01-31T12:00:00Z"}
    ]


@pytest.mark.parametrize("length", [10_000, 18_000, 20_000, 1_000_000])
def test_a_body_stays_below_20_kb(length: int) -> None:
    raw = body(told({**RESULT, "corrected_text": "ü" * (length // 2)}), "", full=True)
    assert len(raw.encode()) < MOST_BYTES
    detail = json.loads(raw)["data"]["detail"]
    assert detail == ("full" if length < 19_000 else "thin")


def test_after_a_purge_numbers_are_left() -> None:
    said = json.loads(body(told(None), "", full=True))["data"]
    assert said["result"] is None
    assert "tiers" not in said["check"]
    assert said["check"]["has_errors"] is True


def status(line: str, *headers: str, rest: str = "") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {line}", *headers, "", rest]).encode("latin-1")


def soon(seconds: int) -> str:
    return format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("reply", "state", "code"),
    [
        (status("200 OK", "Content-Length: 2", rest="ok"), "delivered", None),
        (status("200 OK", rest="until the end"), "delivered", None),
        (status("200 OK", "Content-Length: 100", rest="cut off"), "delivered", None),
        (status("200 OK", "Content-Encoding: gzip", "Content-Length: 5", rest="plain"), "delivered", None),
        (status("200 OK", "Transfer-Encoding: chunked", rest="zz\r\n"), "delivered", None),
        (status("201 Created", "Location: http://127.0.0.2/"), "delivered", None),
        (status("202 Accepted", rest="<html>"), "delivered", None),
        (status("204 No Content"), "delivered", None),
        (status("299 Whatever", "Set-Cookie: a=b"), "delivered", None),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + status("200 OK"), "delivered", None),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + status("500 No"), "again", "status_500"),
        (b"HTTP/1.0 200 OK\r\n\r\n", "delivered", None),
        (status("300 Choices"), "again", "status_300"),
        (status("304 Not Modified"), "again", "status_304"),
        (status("400 Bad Request"), "refused", "status_400"),
        (status("401 Unauthorized", "WWW-Authenticate: Basic"), "refused", "status_401"),
        (status("403 Forbidden"), "refused", "status_403"),
        (status("404 Not Found"), "refused", "status_404"),
        (status("408 Timeout"), "again", "status_408"),
        (status("410 Gone"), "gone", "gone"),
        (status("413 Too Large"), "refused", "status_413"),
        (status("425 Too Early"), "again", "status_425"),
        (status("429 Too Many"), "again", "status_429"),
        (status("500 Error"), "again", "status_500"),
        (status("501 Error"), "again", "status_501"),
        (status("502 Error"), "again", "status_502"),
        (status("503 Error"), "again", "status_503"),
        (status("504 Error"), "again", "status_504"),
        (status("599 Error"), "again", "status_599"),
        (status("101 Switching", "Upgrade: x", "Connection: upgrade"), "again", "invalid_reply"),
        (b"", "again", "invalid_reply"),
        (b"\r\n\r\n", "again", "invalid_reply"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "again", "invalid_reply"),
        (b"HTTP/1.1 OK\r\n\r\n", "again", "invalid_reply"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "again", "invalid_reply"),
        (b"HTTP/1.1 200 OK\r\nNo header\r\n\r\n", "again", "invalid_reply"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "again", "invalid_reply"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "again", "invalid_reply"),
        (b"HTTP/2 200\r\n\r\n", "again", "invalid_reply"),
        (b"\x00\xff" * 500, "again", "invalid_reply"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", "again", "invalid_reply"),
        (status("500 Error", "Content-Length: 300000", rest="x" * 300_000), "again", "status_500"),
    ],
)
def test_what_a_reply_means(reply: bytes, state: str, code: str | None) -> None:
    with Listener(answering(reply)) as server:
        outcome = sender(server.port).send(endpoint(server.port), TRIAL)
    assert (outcome.state, outcome.code) == (state, code)


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("120", 120, 120),
        ("0", 0, 0),
        ("in 120", 60, 121),
        ("in -50", 0, 0),
        ("999999999999", 999_999_999, 999_999_999),
        ("-5", None, None),
        ("1.5", None, None),
        ("soon", None, None),
        ("", None, None),
        ("Fri, 99 Foo 2026 12:00:00 GMT", None, None),
        ("١٢", None, None),
    ],
)
@pytest.mark.parametrize("line", ["429 Too Many", "503 Unavailable"])
def test_retry_after(line: str, said: str, least: float | None, most: float | None) -> None:
    said = soon(int(said[3:])) if said.startswith("in ") else said
    head = f"HTTP/1.1 {line}\r\nRetry-After: ".encode() + said.encode() + b"\r\n\r\n"
    with Listener(answering(head)) as server:
        outcome = sender(server.port).send(endpoint(server.port), TRIAL)
    assert outcome.state == "again"
    if least is None or most is None:
        assert outcome.retry_after is None
    else:
        assert outcome.retry_after is not None
        assert least <= outcome.retry_after <= most


@pytest.mark.parametrize(
    "line", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
def test_a_redirect_is_a_failure_and_its_target_is_never_contacted(line: str) -> None:
    with Listener(answering(OK)) as target:
        to = f"http://127.0.0.1:{target.port}/"
        with Listener(answering(status(line, f"Location: {to}", f"Refresh: 0; url={to}"))) as server:
            guard = Guard(LOOPBACK, ports=(server.port, target.port), plain=True)
            outcome = WebhookSender(guard, seconds=2).send(endpoint(server.port), TRIAL)
        assert (outcome.state, outcome.code) == ("again", f"status_{line[:3]}")
        assert target.connected == 0


def silent(connection: socket.socket) -> None:
    connection.recv(1)
    threading.Event().wait(4)


def dripping(connection: socket.socket) -> None:
    request_of(connection)
    for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"y" * 100:
        connection.sendall(bytes([letter]))
        threading.Event().wait(0.1)


def reset(connection: socket.socket) -> None:
    request_of(connection)
    connection.sendall(b"HTTP/1.1 2")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def endless(connection: socket.socket) -> None:
    request_of(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: " + b"z" * 4096 + b"\r\n")


@pytest.mark.parametrize(
    ("serve", "code"),
    [(silent, "timeout"), (dripping, "timeout"), (reset, "invalid_reply"), (endless, "invalid_reply")],
)
def test_a_receiver_that_misbehaves_on_the_line(serve: Callable[[socket.socket], None], code: str) -> None:
    with Listener(serve) as server:
        begun = monotonic()
        outcome = sender(server.port, 1.0).send(endpoint(server.port), TRIAL)
        assert outcome == Outcome("again", code)
        assert monotonic() - begun < 4


def test_a_body_that_never_ends_is_not_waited_for() -> None:
    def serve(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"z" * 65_536)

    with Listener(serve) as server:
        assert sender(server.port).send(endpoint(server.port), TRIAL).state == "delivered"


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    assert sender(port).send(endpoint(port), TRIAL) == Outcome("again", "cannot_connect")


def test_an_address_is_checked_at_each_attempt() -> None:
    with Listener(answering(OK)) as server, names({"ris.example": ["127.0.0.1", "10.0.0.1", ""]}):
        to = endpoint(server.port, host="ris.example")
        sending = sender(server.port)
        codes = [sending.send(to, TRIAL).code for _ in range(3)]
        assert codes == [None, "forbidden_address", "unresolved"]
        assert server.connected == 1


def test_tls_with_another_name_or_an_unknown_signer(tmp_path: Path) -> None:
    site, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    outcomes = []
    with names({"ris.example": ["127.0.0.1"]}):
        for authority, name in ((site, "ris.example"), (site, "other.example"), (stranger, "ris.example")):
            got: list[bytes] = []

            def serve(connection: socket.socket, got: list[bytes] = got) -> None:
                got.append(request_of(connection)[2])
                connection.sendall(OK)

            with Listener(serve, tls=authority.serving(name)) as server:
                to = endpoint(server.port, scheme="https", host="ris.example")
                outcomes.append((sender(server.port, authorities=site.path).send(to, TRIAL), len(got)))
    lost = Outcome("again", "cannot_connect")
    assert outcomes == [(Outcome("delivered", status=204), 1), (lost, 0), (lost, 0)]
