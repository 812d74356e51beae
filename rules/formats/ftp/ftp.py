"""What the FTP servers have in common: the names of their log sources and of what a session does.

``ftp_login`` is one attempt to log in; ``ftp_upload``, ``ftp_download``, ``ftp_delete``, ``ftp_rename``, ``ftp_mkdir``,
``ftp_rmdir`` and ``ftp_chmod`` are what was done with ``file.path``.
"""

from rules.event import LogSource

PROFTPD = LogSource(category="ftp", product="linux", service="proftpd")
VSFTPD = LogSource(category="ftp", product="linux", service="vsftpd")
XFERLOG = LogSource(category="ftp", product="linux", service="xferlog")
