"""FHIR R4: reports as DiagnosticReport resources, in JSON."""
