"""Sources: pure generators of Node and Edge."""
