"""The heart: one report in, one checked report out."""
