"""Classes of DICOM objects (PS3.4 B.5, PS3.6 A) that are reports, and what those that they speak of are."""

_SR = "1.2.840.10008.5.1.4.1.1.88."
BASIC_TEXT, ENHANCED, COMPREHENSIVE, COMPREHENSIVE_3D = f"{_SR}11", f"{_SR}22", f"{_SR}33", f"{_SR}34"
REPORTS = frozenset({BASIC_TEXT, ENHANCED, COMPREHENSIVE, COMPREHENSIVE_3D})
ENCAPSULATED = {
    "1.2.840.10008.5.1.4.1.1.104.1": "application/pdf",
    "1.2.840.10008.5.1.4.1.1.104.2": "text/xml",
}
MANUFACTURER = "RadProof"  # of the documents that we write: those are never read as reports

_IMAGES = "1.2.840.10008.5.1.4.1.1."
MODALITIES = {
    f"{_IMAGES}{end}": modality
    for modality, ends in {
        "CR": ("1",),
        "DX": ("1.1", "1.1.1"),
        "MG": ("1.2", "1.2.1", "13.1.3"),
        "CT": ("2", "2.1", "2.2"),
        "US": ("3.1", "6.1", "6.2"),
        "MR": ("4", "4.1", "4.2", "4.3", "4.4"),
        "XA": ("12.1", "12.1.1"),
        "RF": ("12.2",),
        "NM": ("20",),
        "PT": ("128", "128.1", "130"),
    }.items()
    for end in ends
}
