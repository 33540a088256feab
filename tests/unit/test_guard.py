"""What may be called, and that nothing else is: forms of addresses, answers of DNS, real sockets."""

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, ip_network
from pathlib import Path
from time import monotonic

import httpx2
import pytest
from certificates import Authority
from hypothesis import given
from hypothesis import strategies as st
from web_support import OK, Listener, answering, names, request_of

from app.integrations.guard import ForbiddenAddressError, Guard
from app.services import ConfigurationError, open_guard
from app.settings import Settings

ALL = (ip_network("0.0.0.0/0"), ip_network("::/0"))
ANY = "0.0.0.0"  # noqa: S104  # to call, not to bind
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
SITE = (ip_network("10.20.0.0/16"), ip_network("fd12:3456::/32"))


def code(guard: Guard, host: str, port: int = 443) -> str:
    try:
        guard.address(host, port)
    except ForbiddenAddressError as error:
        return error.code
    return "allowed"


# the same peers, 127.0.0.1 and 169.254.169.254, in every form that some reader of addresses takes
NUMERIC = """
2130706433 017700000001 0x7f000001 0x7F000001 0x7f.1 0x7f.0.0.1 0x7f.0x0.0x0.0x1 0177.1 0177.0.0.1 0177.0.0.01
127.1 127.0.1 127.0.0x1 127.0.0.0x1 127.0.0.01 127.000.000.001 00127.0.0.1 1 0 0x0 00 0.0 0.0.0 127 127.65535
127.0.0.1. 127.0.0.1.. 127..0.1 .127.0.0.1 127.0.0.256 256.0.0.1 127.0.0.1.1 4294967295 4294967296 -1 +127.0.0.1
2852039166 0xa9fea9fe 0xA9.0xFE.0xA9.0xFE 025177524776 0251.0376.0251.0376 169.254.43518 169.16689662 169.254.169.0376
0xa.1 012.1 10.1 10.20.1 168427521 0x0a140001 10.20.0.0x1 10.020.0.1 ::ffff:0x7f.1 0x 0x7f.0.0.0x name.0x7f name.1 a.0 1.2.3
""".split()
# what no list of networks allows
NEVER = """
0.0.0.0 0.0.0.1 0.255.255.255 169.254.169.254 169.254.0.1 169.254.170.2 100.100.100.200 168.63.129.16 192.0.0.192
192.88.99.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.254 255.255.255.255
:: ::0 0:0:0:0:0:0:0:0 ::127.0.0.1 ::7f00:1 ::10.20.0.1 ::169.254.169.254 ::2
::ffff:127.0.0.1 ::ffff:7f00:1 ::FFFF:127.0.0.1 0:0:0:0:0:ffff:7f00:1 ::ffff:10.20.0.1 ::ffff:169.254.169.254
::ffff:0:127.0.0.1 ::ffff:0:10.20.0.1 64:ff9b::127.0.0.1 64:ff9b::7f00:1 64:ff9b::10.20.0.1 64:ff9b::a9fe:a9fe
64:ff9b:1::1 64:ff9b:1:ffff::10.20.0.1 2001::1 2001:0:53aa:64c:0:7cef:80ff:fffe 2002:7f00:1::1 2002:a14:1::1
2002:a9fe:a9fe:: fe80::1 febf::1 fec0::1 ff02::1 ff0e::1 fd00:ec2::254 fd20:ce::254 100::1
2001:db8::5efe:10.20.0.1 2001:db8::200:5efe:127.0.0.1 fd12:3456::5efe:7f00:1
""".split()
NO_HOSTS = [
    "",
    ".",
    "..",
    " ",
    "a b",
    "a..b",
    "host.",
    "host.example.",
    ".host",
    "-host",
    "host-",
    "a.-b.c",
    "ho\tst",
    "ho\nst",
    "host\x00",
    "host/",
    "host:443",
    "user@host",
    "user:word@host",
    "host#part",
    "host?x",
    "host%2e",
    "127.0.0.1%00",
    "%31%32%37.0.0.1",
    "[127.0.0.1]x",
    "[::1",
    "::1]",
    "[::1]:443",
    "fe80::1%eth0",
    "fe80::1%251",
    "::1%lo",
    "fd12:3456::1%eth0",
    "１２７.０.０.１",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "ⓔxample.org",
    "löcalhost",
    "хост.example",
    "a" * 64,
    f"{'a.' * 127}a" + "b",
    "1:2:3",
    ":::",
    "::g",
    "12345::",
    "1:2:3:4:5:6:7:8:9",
    "$(id)",
    "${jndi:x}",
    "\\\\host",
    "file:",
    "*",
]


@pytest.mark.parametrize("host", NUMERIC)
def test_an_address_in_an_unusual_form_is_no_host(host: str) -> None:
    assert code(Guard((*ALL, *LOOPBACK)), host) == "host"


@pytest.mark.parametrize("host", NO_HOSTS)
def test_what_is_no_host_is_not_asked_for(host: str) -> None:
    assert code(Guard((*ALL, *LOOPBACK)), host) == "host"


@pytest.mark.parametrize("host", NEVER)
def test_what_is_never_called_is_not_called_by_any_list(host: str) -> None:
    exact = ip_network(host)
    for written in (host, f"[{host}]") if ":" in host else (host,):
        assert code(Guard((*ALL, *LOOPBACK, exact)), written) == "forbidden_address"


@pytest.mark.parametrize("host", NEVER)
def test_a_name_that_leads_there_is_not_called_either(host: str) -> None:
    with names({"ris.example": [host]}):
        assert code(Guard((*ALL, *LOOPBACK)), "ris.example") == "forbidden_address"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.2", "127.255.255.254", "::1", "[::1]", "0:0:0:0:0:0:0:1"]
)
def test_loopback_only_where_it_is_named_itself(host: str) -> None:
    assert code(Guard(ALL), host) == "forbidden_address"
    assert code(Guard(()), host) == "forbidden_address"
    assert code(Guard(LOOPBACK), host) == "allowed"


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("10.20.0.1", "allowed"),
        ("10.20.255.255", "allowed"),
        ("10.21.0.0", "forbidden_address"),
        ("10.19.255.255", "forbidden_address"),
        ("192.168.1.1", "forbidden_address"),
        ("8.8.8.8", "forbidden_address"),
        ("fd12:3456::1", "allowed"),
        ("[fd12:3456:ffff::9]", "allowed"),
        ("fd12:3457::1", "forbidden_address"),
        ("2606:4700::1", "forbidden_address"),
    ],
)
def test_only_what_the_administrator_lists(host: str, said: str) -> None:
    assert code(Guard(SITE), host) == said
    assert code(Guard(()), host) == "forbidden_address"


@given(st.integers(0, 2**32 - 1))
def test_every_allowed_ipv4_lies_in_a_listed_network(number: int) -> None:
    address = IPv4Address(number)
    allowed = code(Guard(SITE), str(address)) == "allowed"
    assert allowed == (address in SITE[0])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("10.20.0.1", "allowed"),
        ("10.20.0.1 10.20.0.2", "allowed"),
        ("10.20.0.1 fd12:3456::1", "allowed"),
        ("10.20.0.1 10.21.0.1", "forbidden_address"),
        ("10.20.0.1 127.0.0.1", "forbidden_address"),
        ("10.20.0.1 169.254.169.254", "forbidden_address"),
        ("10.20.0.1 ::1", "forbidden_address"),
        ("fd12:3456::1 fe80::1", "forbidden_address"),
        ("10.20.0.1 ::ffff:10.20.0.1", "forbidden_address"),
        ("", "unresolved"),
    ],
)
def test_all_answers_of_dns_have_to_be_allowed(answer: str, said: str) -> None:
    with names({"ris.example": [answer]}):
        assert code(Guard(SITE), "ris.example") == said


def test_the_address_is_the_one_that_was_checked() -> None:
    with names({"ris.example": ["10.20.0.9", "127.0.0.1"]}) as asked:
        assert Guard(SITE).address("ris.example", 443) == ("10.20.0.9", 443)
    assert asked == ["ris.example"]


@pytest.mark.parametrize("port", [0, 22, 25, 80, 444, 2575, 5432, 6379, 8080, 65_535])
def test_ports_have_to_be_listed(port: int) -> None:
    assert code(Guard(SITE), "10.20.0.1", port) == "port"
    if port:
        assert code(Guard(SITE, ports=(port,)), "10.20.0.1", port) == "allowed"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://10.20.0.1/x", "allowed"),
        ("HTTPS://10.20.0.1", "allowed"),
        ("https://10.20.0.1:8443/x?y=1", "allowed"),
        ("https://[fd12:3456::1]/x", "allowed"),
        ("http://10.20.0.1/x", "not_https"),
        ("http://10.20.0.1:443/x", "not_https"),
        ("ftp://10.20.0.1/x", "not_https"),
        ("file:///etc/passwd", "not_https"),
        ("gopher://10.20.0.1:443/_x", "not_https"),
        ("javascript:alert(1)", "not_https"),
        ("//10.20.0.1/x", "not_https"),
        ("10.20.0.1", "not_https"),
        ("", "not_https"),
        ("https://", "host"),
        ("https:///x", "host"),
        ("https://user@10.20.0.1/", "userinfo"),
        ("https://user:word@10.20.0.1/", "userinfo"),
        ("https://10.20.0.1@127.0.0.1/", "userinfo"),
        ("https://10.20.0.1:8443@127.0.0.1/", "userinfo"),
        ("https://10.20.0.1:22/", "port"),
        ("https://10.20.0.1:0/", "port"),
        ("https://10.20.0.1:99999/", "port"),
        ("https://10.20.0.1:x/", "host"),
        ("https://127.0.0.1/", "forbidden_address"),
        ("https://[::ffff:10.20.0.1]/", "forbidden_address"),
        ("https://[::1]/", "forbidden_address"),
        ("https://[fe80::1%25eth0]/", "host"),
        ("https://0x7f.1/", "host"),
        ("https://2130706433/", "host"),
        ("https://127.1/", "host"),
        ("https://10.20.0.1./", "host"),
        ("https://10.20.0.1\\@127.0.0.1/", "userinfo"),
        ("https://１２７.０.０.１/", "host"),
        ("https://10.20.0.1%00.example/", "host"),
        ("https://10.20.0.1\r\nHost: x/", "host"),
    ],
)
def test_urls(url: str, said: str) -> None:
    found = "allowed"
    try:
        Guard(SITE).url(url)
    except ForbiddenAddressError as error:
        found = error.code
    assert found == said


def test_a_name_in_other_letters_is_asked_for_in_its_ascii_form() -> None:
    with names({"xn--rntgen-wxa.example": ["10.20.0.1"]}) as asked:
        assert Guard(SITE).url("https://röntgen.example/").host == "röntgen.example"
    assert asked == ["xn--rntgen-wxa.example"]


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener(answering(OK)) as opened:
        yield opened


def call(guard: Guard, url: str, **options: object) -> str:
    """``called``, or the code of why not."""
    with guard.client(3) as client:
        try:
            client.post(url, content=b"x", **options)  # type: ignore[arg-type]
        except ForbiddenAddressError as error:
            return error.code
    return "called"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]", ANY]
)
@pytest.mark.parametrize("networks", [(), ALL, SITE])
def test_no_connection_is_opened_to_what_is_forbidden(listener: Listener, host: str, networks: tuple) -> None:  # type: ignore[type-arg]
    guard = Guard(networks, ports=(listener.port,), plain=True)
    assert call(guard, f"http://{host}:{listener.port}/") in {"forbidden_address", "host"}
    assert listener.connected == 0


def test_what_is_allowed_is_called(listener: Listener) -> None:
    guard = Guard(LOOPBACK, ports=(listener.port,), plain=True)
    assert call(guard, f"http://127.0.0.1:{listener.port}/") == "called"
    assert listener.connected == 1
    assert call(Guard(LOOPBACK, ports=(listener.port,)), f"http://127.0.0.1:{listener.port}/") == "not_https"
    assert call(guard, f"http://me:word@127.0.0.1:{listener.port}/") == "userinfo"
    assert listener.connected == 1


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(listener: Listener) -> None:
    guard = Guard((ip_network("127.0.0.1/32"),), ports=(listener.port,), plain=True)
    with (
        Listener(answering(OK), "127.0.0.2") as other,
        names({"ris.example": ["127.0.0.2", "127.0.0.1"]}) as asked,
    ):
        assert call(guard, f"http://ris.example:{listener.port}/") == "forbidden_address"
        assert asked == ["ris.example"]
        assert call(guard, f"http://ris.example:{listener.port}/") == "called"
        assert asked == ["ris.example"] * 2
        assert (listener.connected, other.connected) == (1, 0)


def test_each_call_is_checked_again(listener: Listener) -> None:
    guard = Guard((ip_network("127.0.0.1/32"),), ports=(listener.port,), plain=True)
    with guard.client(3) as client, names({"ris.example": ["127.0.0.1", "127.0.0.2"]}):
        assert client.get(f"http://ris.example:{listener.port}/").status_code == 204
        with pytest.raises(ForbiddenAddressError):
            client.get(f"http://ris.example:{listener.port}/")
    assert listener.connected == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(listener: Listener, status: int) -> None:
    to = f"http://127.0.0.1:{listener.port}/"
    reply = f"HTTP/1.1 {status} Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()
    with Listener(answering(reply)) as first:
        guard = Guard(LOOPBACK, ports=(listener.port, first.port), plain=True)
        with guard.client(3) as client:
            assert client.post(f"http://127.0.0.1:{first.port}/").status_code == status
    assert listener.connected == 0


def test_a_redirect_that_a_caller_follows_is_checked_as_well(listener: Listener) -> None:
    reply = f"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.2:{listener.port}/\r\n\r\n".encode()
    with Listener(answering(reply)) as first:
        guard = Guard((ip_network("127.0.0.1/32"),), ports=(listener.port, first.port), plain=True)
        assert call(guard, f"http://127.0.0.1:{first.port}/", follow_redirects=True) == "forbidden_address"


def test_proxies_of_the_environment_are_not_used(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    with Listener(answering(OK)) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        guard = Guard(LOOPBACK, ports=(listener.port,), plain=True)
        assert call(guard, f"http://127.0.0.1:{listener.port}/") == "called"
        assert (listener.connected, proxy.connected) == (1, 0)


def own(listener: Listener, host: str) -> Guard:
    return Guard((*ALL, *LOOPBACK), [(host, listener.port)], (listener.port,), plain=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", ANY, "::", "::1", "redis.example"])
@pytest.mark.parametrize("called", ["127.0.0.1", "127.0.0.9", "localhost", "other.example"])
def test_our_own_parts_are_never_called(listener: Listener, host: str, called: str) -> None:
    with names({"redis.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]}):
        assert call(own(listener, host), f"http://{called}:{listener.port}/") == "forbidden_address"
    assert listener.connected == 0


def test_our_own_parts_elsewhere_are_never_called() -> None:
    with names({"db.example": ["10.20.0.5 10.20.0.6"], "ris.example": ["10.20.0.6"], "gone.example": [""]}):
        guard = Guard(SITE, [("db.example", 8443), ("gone.example", 443)])
        assert code(guard, "10.20.0.5", 8443) == "forbidden_address"
        assert code(guard, "ris.example", 8443) == "forbidden_address"
        assert code(guard, "10.20.0.5", 443) == "allowed"
        assert code(guard, "10.20.0.7", 8443) == "allowed"


def test_parts_that_the_settings_name_are_denied() -> None:
    settings = Settings(
        callback_networks="10.20.0.0/16",
        callback_ports="443,5432,6379,7687,8000,2575,6432",
        host="10.20.0.1",
        mllp_host="10.20.0.2",
        redis_url="redis://:word@10.20.0.3/0",  # type: ignore[arg-type]
        store_url="postgresql://me:word@10.20.0.4:6432/db",  # type: ignore[arg-type]
        graph_uri="bolt://10.20.0.5",
        llm_base_url="https://10.20.0.6/v1",  # type: ignore[arg-type]
    )
    guard = open_guard(settings)
    parts = [("1", 8000), ("2", 2575), ("3", 6379), ("4", 6432), ("5", 7687), ("6", 443)]
    assert [code(guard, f"10.20.0.{last}", port) for last, port in parts] == ["forbidden_address"] * 6
    assert [code(guard, "10.20.0.9", port) for _, port in parts] == ["allowed"] * 6


@pytest.mark.parametrize(
    "wrong",
    [
        {"callback_networks": "10.0.0.1/8"},
        {"callback_networks": "everything"},
        {"callback_ports": "https"},
        {"callback_ports": "0"},
        {"callback_ports": "70000"},
        {"callback_ca": "/nowhere.pem"},
    ],
)
def test_settings_that_are_none(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=f"RADPROOF_{next(iter(wrong)).upper()}"):
        open_guard(Settings(**wrong))  # type: ignore[arg-type]


def test_nothing_is_called_by_default() -> None:
    assert code(open_guard(Settings()), "8.8.8.8") == "forbidden_address"


def tls_call(guard: Guard, port: int, host: str) -> str:
    with guard.client(3) as client, names({"ris.example": ["127.0.0.1"], "pacs.example": ["127.0.0.1"]}):
        try:
            return str(client.get(f"https://{host}:{port}/").status_code)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            return "refused"


def test_a_certificate_has_to_name_the_host_not_the_address(tmp_path: Path) -> None:
    site = Authority(tmp_path)
    seen: list[str | None] = []
    serving = site.serving("ris.example")
    serving.sni_callback = lambda _socket, name, _context: seen.append(name)  # type: ignore[assignment]
    hosts: list[str] = []

    def serve(connection: socket.socket) -> None:
        hosts.append(request_of(connection)[1]["host"])
        connection.sendall(OK)

    with Listener(serve, tls=serving) as server:
        guard = Guard(LOOPBACK, ports=(server.port,), authorities=site.path)
        assert tls_call(guard, server.port, "ris.example") == "204"
        assert (seen, hosts) == (["ris.example"], [f"ris.example:{server.port}"])
        assert tls_call(guard, server.port, "pacs.example") == "refused"
        assert tls_call(guard, server.port, "127.0.0.1") == "refused"
        assert tls_call(Guard(LOOPBACK, ports=(server.port,)), server.port, "ris.example") == "refused"
        stranger = Guard(LOOPBACK, ports=(server.port,), authorities=Authority(tmp_path, "other").path)
        assert tls_call(stranger, server.port, "ris.example") == "refused"
        assert len(hosts) == 1


def test_a_certificate_may_name_an_address(tmp_path: Path) -> None:
    site = Authority(tmp_path)
    with Listener(answering(OK), tls=site.serving("127.0.0.1")) as server:
        guard = Guard(LOOPBACK, ports=(server.port,), authorities=site.path)
        assert tls_call(guard, server.port, "127.0.0.1") == "204"


def test_a_peer_that_speaks_no_tls(tmp_path: Path, listener: Listener) -> None:
    site = Authority(tmp_path)
    guard = Guard(LOOPBACK, ports=(listener.port,), authorities=site.path)
    assert tls_call(guard, listener.port, "ris.example") == "refused"


def drip(piece: bytes, seconds: float, head: bytes = b"") -> object:
    def serve(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(head)
        connection.settimeout(seconds)
        while True:
            connection.sendall(piece)
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue

    return serve


LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"


@pytest.mark.parametrize(
    ("serve", "error"),
    [
        (drip(b"x", 0.05, LONG), httpx2.ReadTimeout),
        (drip(b"x", 0.05, b"HTTP/1.1 200 OK\r\nX-Long: "), httpx2.ReadTimeout),
        (drip(b"HTTP/1.1 100 Continue\r\n\r\n", 0.05), httpx2.ReadTimeout),
        (drip(b"", 0.05), httpx2.ReadTimeout),
        (drip(b"x" * 4096, 0.0001, LONG), httpx2.RemoteProtocolError),
        (drip(b"x" * 4096, 0.0001, b"HTTP/1.1 200 OK\r\nX-Long: "), httpx2.RemoteProtocolError),
        (
            answering(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx"),
            httpx2.DecodingError,
        ),
    ],
)
def test_a_reply_is_bounded_in_time_and_size(serve, error: type[Exception]) -> None:  # type: ignore[no-untyped-def]
    with Listener(serve) as server:
        guard = Guard(LOOPBACK, ports=(server.port,), plain=True)
        begun = monotonic()
        with guard.client(1) as client, pytest.raises(error):
            client.get(f"http://127.0.0.1:{server.port}/")
        assert monotonic() - begun < 5
