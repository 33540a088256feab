"""A day's reports: in as files, through a queue, out as results and a summary."""
