"""Lines with a head of syslog's or from the journal, and who understands the message behind it."""
