"""Web servers and proxies: their access and error logs, from files and from syslog."""
