"""The configuration: its shape as frozen records, loading it, and telling every error in it at once."""
