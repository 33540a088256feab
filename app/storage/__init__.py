"""What is kept: reports, their checks, decisions and batches, in SQL; SQLite by default, PostgreSQL by URL."""
