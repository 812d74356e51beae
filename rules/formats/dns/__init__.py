"""Name servers: BIND's named, from syslog and from files of its own."""
