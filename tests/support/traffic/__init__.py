"""Days at a small public host, seeded: what its logs say when nothing is wrong, and when something is."""
