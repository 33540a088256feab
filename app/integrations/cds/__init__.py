"""CDS Hooks 2.0: the report that is about to be signed comes in, cards go back."""
