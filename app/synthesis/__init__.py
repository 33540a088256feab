"""Invented reports: composed by a grammar, with the graph of each known, free of real text."""
