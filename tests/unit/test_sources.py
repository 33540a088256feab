"""The file of sources: what it gives, and that what is wrong is named and never shown."""

import base64
import datetime as dt
from ipaddress import ip_network
from pathlib import Path

import pytest

from app.integrations.config_file import ConfigFileError
from app.integrations.sources import (
    CertificateAuth,
    FhirServer,
    HeaderAuth,
    Hours,
    OrthancServer,
    SignatureAuth,
    read_sources,
)

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
CANARY = "Kanarienvogel-4711-geheim"


def written(folder: Path, text: str) -> Path:
    path = folder / "sources.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_is_no_source() -> None:
    assert read_sources(None) == {}


def test_sources_of_every_kind(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"Bearer {CANARY}\n\nBearer {CANARY}-new\n")
    (tmp_path / "password").write_text("pässword\n", encoding="utf-8")
    sources = read_sources(
        written(
            tmp_path,
            f"""
[sources.epic]
kind = "fhir"
auth = {{ type = "header", values_file = "token" }}
silent_minutes = 90
working_hours = "mon-fri 07:00-19:30"
[sources.epic.fhir]
base = "https://fhir.example:8443/r4/"
token = "{CANARY}"
poll_seconds = 60
criteria = "DiagnosticReport?category=RAD"

[sources.engine]
kind = "hl7"
charset = "cp1252"
feed = "RIS|NORTH"
[sources.engine.auth]
type = "certificate"
allowed = ["sha256:{"AB:" * 31}AB", "CN=engine,O=North"]
proxies = ["10.1.0.5", "fd00::/8"]

[sources.ai-vendor]
kind = "report"
test = true
auth = {{ type = "signature", secrets = ["{SECRET}"] }}

[sources.orthanc]
kind = "dicom"
[sources.orthanc.orthanc]
url = "http://127.0.0.1:8042"
user = "radproof"
password_file = "password"
""",
        )
    )
    epic, engine, vendor, orthanc = (sources[name] for name in ("epic", "engine", "ai-vendor", "orthanc"))
    assert epic.auth == HeaderAuth("header", (f"Bearer {CANARY}", f"Bearer {CANARY}-new"))
    assert epic.fhir == FhirServer(
        "https://fhir.example:8443/r4", CANARY, 60, "DiagnosticReport?category=RAD"
    )
    assert (epic.silent_minutes, epic.working_hours) == (
        90,
        Hours(frozenset(range(5)), dt.time(7), dt.time(19, 30)),
    )
    assert engine.auth == CertificateAuth(
        "certificate", ("ab" * 32, "CN=engine,O=North"), (ip_network("10.1.0.5"), ip_network("fd00::/8"))
    )
    assert (engine.charset, engine.feed) == ("cp1252", "RIS|NORTH")
    assert (vendor.auth, vendor.test) == (SignatureAuth("signature", (KEY,)), True)
    assert orthanc.orthanc == OrthancServer("http://127.0.0.1:8042", "radproof", "pässword")
    assert (orthanc.auth, orthanc.working_hours) == (None, Hours())
    shown = repr(sources)
    assert CANARY not in shown
    assert "pässword" not in shown
    assert repr(KEY) not in shown


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("x = 1", "only [sources.<name>]"),
        (f'[sources.a]\nkind = "{CANARY}', "at its end"),
        (f"[sources.a]\nkind = {CANARY}\n", "line 2, column 8"),
        ('[sources."A b"]\nkind = "hl7"', "a name is"),
        (f'[sources.a]\nkind = "{CANARY}"', "sources.a.kind: literal error"),
        ("[sources.a]\ntest = true", "sources.a.kind: missing"),
        ('[sources.a]\nkind = "hl7"\nname = "b"', "sources.a.name: extra"),
        ('[sources.a]\nkind = "hl7"\nsecret = 1', "sources.a.secret: "),
        (
            f'[sources.a]\nkind = "hl7"\nauth = {{ type = "{CANARY}" }}',
            "sources.a.auth: union tag invalid",
        ),
        (
            f'[sources.a]\nkind = "hl7"\nauth = {{ type = "signature", secrets = ["{CANARY}"] }}',
            "sources.a.auth.signature.secrets.0: not a secret",
        ),
        (
            '[sources.a]\nkind = "hl7"\nauth = { type = "signature", secrets = ["whsec_AAAA"] }',
            "secrets.0: not 24 to 64 bytes",
        ),
        (
            '[sources.a]\nkind = "hl7"\nauth = { type = "header", values = [] }',
            "sources.a.auth.header.values: too short",
        ),
        (
            '[sources.a]\nkind = "hl7"\nauth = { type = "header", values = ["short"] }',
            "sources.a.auth.header.values.0: string too short",
        ),
        (
            '[sources.a]\nkind = "hl7"\nauth = { type = "header", values_file = "absent" }',
            "sources.a.auth.values_file: No such file",
        ),
        (
            f'[sources.a]\nkind = "fhir"\nfhir = {{ base = "https://user:{CANARY}@fhir.example" }}',
            "sources.a.fhir.base: not an address",
        ),
        (
            f'[sources.a]\nkind = "fhir"\nfhir = {{ base = "https://h", criteria = "Patient?{CANARY}" }}',
            "sources.a.fhir.criteria: string pattern mismatch",
        ),
        ('[sources.a]\nkind = "hl7"\nfhir = { base = "https://h" }', "sources.a.fhir: only for kind fhir"),
        ('[sources.a]\nkind = "hl7"\nworking_hours = "mon-foo 07:00-19:00"', "working_hours: not days"),
        ('[sources.a]\nkind = "hl7"\nworking_hours = "25:00-26:00"', "working_hours: not days and hours"),
    ],
)
def test_what_is_wrong_is_named_and_not_shown(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigFileError) as caught:
        read_sources(written(tmp_path, text))
    assert named in str(caught.value)
    assert CANARY not in str(caught.value)


def test_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError):
        read_sources(tmp_path / "absent.toml")


def test_working_hours_may_reach_over_midnight() -> None:
    day = Hours(frozenset(range(5)), dt.time(7), dt.time(19))
    night = Hours(frozenset({4}), dt.time(20), dt.time(6))
    monday, friday, saturday = (dt.datetime(2026, 1, number) for number in (5, 9, 10))
    assert day.covers(monday.replace(hour=7))
    assert not day.covers(monday.replace(hour=19))
    assert not day.covers(saturday.replace(hour=12))
    assert night.covers(friday.replace(hour=23))
    assert night.covers(saturday.replace(hour=5))
    assert not night.covers(friday.replace(hour=5))
    assert Hours().covers(saturday)
