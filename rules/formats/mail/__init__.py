"""Mail servers and filters: Postfix, Exim, Dovecot, amavis, from syslog and from files of their own."""
