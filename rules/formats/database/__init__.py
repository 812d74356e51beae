"""Database servers: MySQL, MariaDB and PostgreSQL, from syslog and from files of their own."""
