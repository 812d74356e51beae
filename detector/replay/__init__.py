"""Log files through the engine without a daemon: what would have been opened, and why each line matches."""
