"""HL7 version 2: results as messages (ORU^R01, MDM^T02), in the default encoding with delimiters."""
