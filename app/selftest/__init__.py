"""The conformance set: invented messages with the answers that they must get, sent to a running installation."""
