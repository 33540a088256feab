"""Certificates: what a proxy says counts only from its network; and over TLS of the service itself."""

import base64
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
import uvicorn
from certificates import Authority
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.integrations.authentication import Presented, permitted, verified
from app.integrations.sources import CertificateAuth


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def pair(authority: Authority, name: str) -> tuple[Path, x509.Certificate]:
    """A file with key and certificate, and the certificate."""
    path, _ = authority.issue(name, name)
    return path, x509.load_pem_x509_certificates(path.read_bytes())[0]


@pytest.fixture(scope="module")
def shown(authority: Authority) -> x509.Certificate:
    return pair(authority, "engine")[1]


def forms(certificate: x509.Certificate) -> dict[str, str]:
    der = certificate.public_bytes(Encoding.DER)
    sha256 = certificate.fingerprint(SHA256()).hex()
    return {
        "RFC 9440": f":{base64.b64encode(der).decode()}:",
        "PEM with %XX": quote(certificate.public_bytes(Encoding.PEM).decode()),
        "SHA-256": sha256.upper(),
        "SHA-256 with colons": ":".join(sha256[at : at + 2] for at in range(0, 64, 2)),
        "subject": "CN=engine",
    }


def auth(certificate: x509.Certificate, by: str = "sha256") -> CertificateAuth:
    name = certificate.fingerprint(SHA256()).hex() if by == "sha256" else "CN=engine"
    return CertificateAuth("certificate", (name,), (ip_network("10.1.0.0/24"),))


@pytest.mark.parametrize("form", ["RFC 9440", "PEM with %XX", "SHA-256", "SHA-256 with colons"])
def test_proxy_in_its_network_says_which_certificate_it_was(shown: x509.Certificate, form: str) -> None:
    headers = {"client-cert": forms(shown)[form]}
    assert permitted(auth(shown), Presented(headers, "10.1.0.5"))
    assert permitted(auth(shown), Presented(headers, "::ffff:10.1.0.5"))
    for address in ("10.1.1.5", "127.0.0.1", "testclient", None):
        assert not permitted(auth(shown), Presented(headers, address))


def test_subject_counts_where_it_is_named(shown: x509.Certificate) -> None:
    for form in ("subject", "RFC 9440", "PEM with %XX"):
        assert permitted(auth(shown, "subject"), Presented({"client-cert": forms(shown)[form]}, "10.1.0.5"))
    assert not permitted(auth(shown), Presented({"client-cert": "CN=engine"}, "10.1.0.5"))


def test_other_certificates_and_odd_headers_do_not(authority: Authority, shown: x509.Certificate) -> None:
    other = pair(authority, "other")[1]
    odd = ["", "::", ":AA:", ":!:", "-----BEGIN CERTIFICATE-----", "%", "é", "0" * 64, "a" * 100_000]
    for value in [*forms(other).values(), *odd]:
        assert not permitted(auth(shown), Presented({"client-cert": value}, "10.1.0.5"))
    assert not permitted(auth(shown), Presented({}, "10.1.0.5"))


def test_without_a_way_to_prove_itself_nobody_is_let_in() -> None:
    import io

    assert not permitted(None, Presented({"authorization": ""}))
    assert not verified(None, Presented({}), io.BytesIO())


@contextlib.contextmanager
def served(authority: Authority) -> Iterator[int]:
    async def answer(request: Request) -> PlainTextResponse:
        presented = Presented({}, None, request.state.client_certificate)
        return PlainTextResponse(str(permitted(request.app.state.auth, presented)))

    app = Starlette(routes=[Route("/", answer)])
    app.state.auth = auth(pair(authority, "known")[1])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = int(listening.getsockname()[1])
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                http="app.tls:CertificateProtocol",
                ssl_certfile=pair(authority, "127.0.0.1")[0],
                ssl_ca_certs=str(authority.path),
                ssl_cert_reqs=ssl.CERT_OPTIONAL,
            )
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        end = time.monotonic() + 20
        while not server.started:
            assert time.monotonic() < end
            time.sleep(0.02)
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join()


def test_tls_of_the_service_itself_shows_the_certificate(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger")
    with served(authority) as port:
        known = authority.folder / "authority-known-cert.pem"
        for path, answer in [(known, "True"), (pair(authority, "other")[0], "False"), (None, "False")]:
            context = ssl.create_default_context(cafile=authority.path)
            if path is not None:
                context.load_cert_chain(path)
            got = httpx2.get(f"https://127.0.0.1:{port}/", verify=context, trust_env=False)
            assert got.text == answer, path
        context = ssl.create_default_context(cafile=authority.path)
        context.load_cert_chain(pair(stranger, "known")[0])
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"https://127.0.0.1:{port}/", verify=context, trust_env=False)
