"""Text in, structure or answer out: parsing, extraction, embedding and retrieval.

Imports nothing of the other packages.
"""
