"""What the keyword and broad families share: reading a report by plain patterns, and placing one edit."""
