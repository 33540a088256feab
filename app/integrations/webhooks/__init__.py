"""Standard Webhooks 1.0.0: what is told by a signed POST of JSON."""
