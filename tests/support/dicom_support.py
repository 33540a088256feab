"""Invented DICOM reports: structured reports of any tree, and encapsulated documents."""

import io
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydicom import Dataset, FileDataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, UID, ExplicitVRLittleEndian

BASIC = "1.2.840.10008.5.1.4.1.1.88.11"
FINDINGS, IMPRESSION, FINDING = ("121070", "Findings"), ("121072", "Impressions"), ("121071", "Finding")
SECTIONS = {
    FINDINGS: "The heart is normal in size. Small left pleural effusion.",
    IMPRESSION: "Small right pleural effusion.",
}


def new_uid() -> str:
    return f"2.25.{uuid.uuid4().int}"


def coded(value: str, meaning: str, scheme: str = "DCM") -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return made


def item(
    kind: str, name: tuple[str, str] | None, relationship: str = "CONTAINS", **values: object
) -> Dataset:
    made = Dataset()
    made.RelationshipType, made.ValueType = relationship, kind
    if name is not None:
        made.ConceptNameCodeSequence = [coded(*name)]
    for key, value in values.items():
        setattr(made, key, value)
    return made


def container(
    name: tuple[str, str] | None, children: Sequence[Dataset], continuity: str = "SEPARATE"
) -> Dataset:
    return item("CONTAINER", name, ContinuityOfContent=continuity, ContentSequence=list(children))


def text(value: str, name: tuple[str, str] | None = FINDING, relationship: str = "CONTAINS") -> Dataset:
    return item("TEXT", name, relationship, TextValue=value)


def number(name: tuple[str, str], value: str, unit: str, relationship: str = "CONTAINS") -> Dataset:
    measured = Dataset()
    measured.NumericValue = value
    measured.MeasurementUnitsCodeSequence = [coded(unit, unit, "UCUM")]
    return item("NUM", name, relationship, MeasuredValueSequence=[measured])


def sections(said: dict[tuple[str, str], str] | None = None) -> list[Dataset]:
    return [container(name, [text(words)]) for name, words in (said or SECTIONS).items()]


@dataclass
class Invented:
    """A DICOM report with these fields."""

    content: Sequence[Dataset] = field(default_factory=sections)
    sop_class: str = BASIC
    instance: str = field(default_factory=new_uid)
    charset: str | list[str] = "ISO_IR 192"
    predecessor: str | None = None
    at: str = "20260105120000"
    values: dict[str, object] = field(default_factory=dict)

    def dataset(self) -> FileDataset:
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = (
            UID(self.sop_class),
            UID(self.instance),
        )
        meta.TransferSyntaxUID, meta.ImplementationClassUID = (
            ExplicitVRLittleEndian,
            PYDICOM_IMPLEMENTATION_UID,
        )
        made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        made.SpecificCharacterSet = self.charset
        made.SOPClassUID, made.SOPInstanceUID = UID(self.sop_class), UID(self.instance)
        made.StudyInstanceUID, made.SeriesInstanceUID = new_uid(), new_uid()
        made.Modality, made.Manufacturer, made.SeriesNumber, made.InstanceNumber = "SR", "Example", 1, 1
        made.PatientName, made.PatientID, made.PatientSex = "Example^Invented", "MRN-1", "F"
        made.PatientBirthDate, made.StudyDate, made.StudyTime, made.StudyID = (
            "19640310",
            "20260105",
            "113000",
            "1",
        )
        made.AccessionNumber, made.ReferringPhysicianName = "ACC-1", ""
        made.StudyDescription = "XR CHEST 2 VIEWS"
        made.ContentDate, made.ContentTime = self.at[:8], self.at[8:]
        made.CompletionFlag, made.VerificationFlag = "COMPLETE", "VERIFIED"
        made.ValueType, made.ContinuityOfContent = "CONTAINER", "SEPARATE"
        made.ConceptNameCodeSequence = [coded("18748-4", "Diagnostic imaging report", "LN")]
        if self.predecessor:
            made.PredecessorDocumentsSequence = [referenced(made, self.predecessor)]
        if self.content:
            made.ContentSequence = list(self.content)
        for name, value in self.values.items():
            setattr(made, name, value)
        return made

    def encode(self) -> bytes:
        written = io.BytesIO()
        self.dataset().save_as(written, enforce_file_format=True)
        return written.getvalue()


def encapsulated(document: bytes, kind: str) -> bytes:
    """A PDF (``104.1``) or CDA (``104.2``) as a DICOM object."""
    padded = document + b"\0" * (len(document) % 2)
    values = {
        "EncapsulatedDocument": padded,
        "EncapsulatedDocumentLength": len(document),
        "DocumentTitle": "Report",
    }
    return Invented([], f"1.2.840.10008.5.1.4.1.1.{kind}", values=values).encode()


def storescu(path: Path, port: int) -> None:
    """Send a file as a modality does."""
    command = ["storescu", "-aet", "TESTS", "-aec", "ORTHANC", "-R", "127.0.0.1", str(port), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def referenced(made: Dataset, instance: str) -> Dataset:
    named, series, study = Dataset(), Dataset(), Dataset()
    named.ReferencedSOPClassUID, named.ReferencedSOPInstanceUID = made.SOPClassUID, instance
    series.SeriesInstanceUID, series.ReferencedSOPSequence = new_uid(), [named]
    study.StudyInstanceUID, study.ReferencedSeriesSequence = made.StudyInstanceUID, [series]
    return study
