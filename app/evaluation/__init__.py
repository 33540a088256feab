"""Measuring quality: error injection, metrics, tables and plots."""
