"""Ways in from other systems and back: HL7 v2, FHIR, DICOM."""
