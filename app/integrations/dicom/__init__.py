"""Reports as DICOM objects: structured reports, and encapsulated PDF and CDA (PS3.3 A.35, A.45)."""
