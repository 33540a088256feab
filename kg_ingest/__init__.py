"""The knowledge graph: its schema, its sources, its loading and the questions asked of it."""
