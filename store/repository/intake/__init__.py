"""What came in, as it came, and how far each source and the engine have come."""
