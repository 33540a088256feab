"""Readers of sources: each turns files into typed nodes and edges, in constant memory."""
