"""Reports that come as documents: PDF and CDA. Whatever the bytes, reading them has an end."""
