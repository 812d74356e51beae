"""FTP servers: vsftpd and ProFTPD, from syslog and from files of their own."""
