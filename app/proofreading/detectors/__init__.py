"""The detectors: each finds one family of errors, from the case alone."""
