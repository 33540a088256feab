"""Certificates for tests of TLS."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = dt.timedelta(days=1)
_PEM = serialization.Encoding.PEM


class Authority:
    """Signs certificates for a test."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self.folder, self.name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(self._signed(name, self._key).public_bytes(_PEM))

    def _signed(
        self, name: str, key: ec.EllipticCurvePrivateKey, hosts: Sequence[str] = ()
    ) -> x509.Certificate:
        """A certificate for hosts; of the authority itself without any."""
        now = dt.datetime.now(dt.UTC)
        made = x509.CertificateBuilder(_named(self.name), _named(name), key.public_key())
        made = made.serial_number(x509.random_serial_number())
        made = made.not_valid_before(now - _DAY).not_valid_after(now + _DAY)
        made = made.add_extension(
            x509.KeyUsage(True, False, False, False, False, True, True, False, False), True
        )
        if hosts:
            made = made.add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), False)
        else:
            made = made.add_extension(x509.BasicConstraints(True, None), True)
        return made.sign(self._key, hashes.SHA256())

    def issue(self, name: str, *hosts: str) -> tuple[Path, Path]:
        """Files of a certificate, which holds its key too, and of the key; for ``localhost`` without hosts."""
        key = ec.generate_private_key(ec.SECP256R1())
        private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        signed = self._signed(name, key, hosts or ["localhost"]).public_bytes(_PEM)
        stem = f"{self.name}-{name.replace(':', '_')}"
        certificate, own = self.folder / f"{stem}-cert.pem", self.folder / f"{stem}-key.pem"
        certificate.write_bytes(private + signed)
        own.write_bytes(private)
        return certificate, own

    def serving(self, *hosts: str) -> ssl.SSLContext:
        """How a server speaks TLS under these names and addresses."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.issue(hosts[0], *hosts)[0])
        return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
