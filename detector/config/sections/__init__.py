"""The sections of the configuration, one module for what belongs together: frozen records, checked as they are read."""
