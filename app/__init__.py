"""The service: proofreading of radiology reports over HTTP and on the command line."""

__version__ = "0.1.0"
