"""Thin wire layer: routes and schemas."""
