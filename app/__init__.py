"""The service: proofreading of radiology reports over HTTP and on the command line."""

__version__ = "0.1.0"

DISCLAIMER = (
    "Quality check by software. May be wrong or incomplete. "
    "The signing radiologist decides. Not for diagnostic use."
)
