"""A candidate report held against its reference report: GREEN's six categories (arXiv 2405.03595)."""
