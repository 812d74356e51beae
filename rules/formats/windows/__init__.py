"""Windows: events as JSON and XML, their names and log sources, Sysmon also for Linux, the DNS server's debug log."""
