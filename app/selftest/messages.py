"""Invented messages of HL7 v2 and FHIR, each with what must come of it."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

WRONG = "FINDINGS: Small left pleural effusion. IMPRESSION: Small right pleural effusion."
RIGHT = "FINDINGS: The lungs are clear. No pleural effusion. IMPRESSION: No acute disease."
SYMBOLS = "FINDINGS: The lungs are clear. Size 3 µm ± 1. IMPRESSION: No acute disease."
VERSIONS = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8")
CHARSETS = (("", "utf-8"), ("UNICODE UTF-8", "utf-8"), ("8859/1", "latin-1"), ("ASCII", "ascii"))


@dataclass(frozen=True, slots=True)
class Message:
    """One HL7 v2 message; ``run`` makes its names new, so that a set can be sent again."""

    run: str
    name: str
    text: str = RIGHT
    kind: str = "ORU^R01^ORU_R01"
    processing: str = "T"
    version: str = "2.5.1"
    charset: str = "UNICODE UTF-8"
    encoding: str = "utf-8"
    status: str = "F"
    filler: str = ""
    control: str | None = None

    def encode(self) -> bytes:
        """The message as it is sent."""
        control = f"{self.run}-{self.name}"[:20] if self.control is None else self.control
        filler = self.filler or self.name
        header = (
            rf"MSH|^~\&|SELFTEST|RADPROOF|RADPROOF|QA|20260105120000||{self.kind}|{control}|{self.processing}"
            f"|{self.version}||||||{self.charset}"
        )
        order = f"OBR|1|PL-1|{self.run}-{filler}|1^XR CHEST 2 VIEWS^L|||20260105113000" + "|" * 17
        lines = [f"OBX|1|TX|1^Report^L||{self.text}||||||F"] if self.text else []
        segments = [header, "PID|1||MRN-1||EXAMPLE^INVENTED||19640310|F", f"{order}|{self.status}", *lines]
        return ("\r".join(segments) + "\r").encode(self.encoding)


@dataclass(frozen=True, slots=True)
class Case:
    """What is sent and what must come: ``expected`` is MSA-1, with ERR's own code behind it where it is no AA."""

    what: str
    message: bytes
    expected: str


def hl7_cases(run: str) -> Iterator[Case]:
    """Every accepted version and character set, a resend, a correction, a withdrawal, and what must be refused."""
    for version in VERSIONS:
        message = Message(run, f"V{version.replace('.', '')}", version=version)
        yield Case(f"version {version}", message.encode(), "AA")
    for said, encoding in CHARSETS:
        text = RIGHT if encoding == "ascii" else SYMBOLS
        message = Message(
            run, f"S{said[-6:].replace(' ', '').replace('/', '')}", text, charset=said, encoding=encoding
        )
        yield Case(f"character set {said or 'not said'}", message.encode(), "AA")
    yield Case("MDM^T02", Message(run, "MDM", kind="MDM^T02^MDM_T02").encode(), "AA")
    first = Message(run, "ONE", WRONG)
    yield Case("report with a planted error", first.encode(), "AA")
    yield Case("resend of it", first.encode(), "AA")
    corrected = replace(first, name="TWO", filler="ONE", text=RIGHT, status="C")
    yield Case("correction of it", corrected.encode(), "AA")
    yield Case("withdrawal of it", replace(corrected, name="THREE", status="X", text="").encode(), "AA")
    yield from _broken(run)
    yield Case("and after all that a good one", Message(run, "LAST", WRONG).encode(), "AA")


def _broken(run: str) -> Iterator[Case]:
    base = Message(run, "BAD")
    broken = {
        "no text": (replace(base, text=""), "AR no_text"),
        "another kind": (replace(base, kind="ADT^A01"), "AR message_type"),
        "another event": (replace(base, kind="ORU^R03"), "AR message_type"),
        "unknown processing id": (replace(base, processing="Q"), "AR processing_id"),
        "version 2.2": (replace(base, version="2.2"), "AR version"),
        "no control id": (replace(base, control=""), "AR missing_control_id"),
        "unknown character set": (replace(base, charset="KLINGON"), "AR unknown_charset"),
        "bytes of another character set": (
            replace(base, text=SYMBOLS, encoding="latin-1"),
            "AR wrong_charset",
        ),
        "too many sentences": (replace(base, text="A. b c. " * 1_500), "AR too_many_sentences"),
    }
    for what, (message, expected) in broken.items():
        yield Case(what, message.encode(), expected)
    yield Case("no HL7 at all", b"hello", "AR not_hl7")


def fhir_report(run: str, text: str = WRONG, status: str = "final") -> dict[str, Any]:
    """A DiagnosticReport for trial (HTEST)."""
    form = {"contentType": "text/plain; charset=utf-8", "data": base64.b64encode(text.encode()).decode()}
    return {
        "resourceType": "DiagnosticReport",
        "id": f"selftest-{run}".lower(),
        "meta": {
            "security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]
        },
        "status": status,
        "code": {"text": "XR chest 2 views"},
        "presentedForm": [form],
    }


def handshake() -> bytes:
    """The first notification of a subscription (backport guide, R4): nothing happened yet."""
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "subscription", "valueReference": {"reference": "Subscription/selftest"}},
            {"name": "status", "valueCode": "requested"},
            {"name": "type", "valueCode": "handshake"},
            {"name": "events-since-subscription-start", "valueString": "0"},
        ],
    }
    bundle = {"resourceType": "Bundle", "type": "history", "entry": [{"resource": parameters}]}
    return json.dumps(bundle).encode()
