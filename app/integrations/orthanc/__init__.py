"""Orthanc, an open DICOM server: its REST API, its changes, and results put beside what they are about."""
