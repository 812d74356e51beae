"""MySQL's and MariaDB's lines: error log, general log, syslog.

https://dev.mysql.com/doc/refman/8.4/en/error-log-format.html, https://dev.mysql.com/doc/refman/8.4/en/query-log.html,
https://mariadb.com/kb/en/error-log/.
"""

import pytest
from support.service_lines import Asker, Row, parsed, rows, service

from rules.event import LogSource

TABLE = """
2024-03-01T03:11:26.123456Z 12 [Note] [MY-010926] [Server] Access denied for user 'root'@'203.0.113.7' (using password: YES)
=> 203.0.113.7 | root | failure | database_login | FAILED; tocsin_database_guess
2024-03-01  3:11:26 12 [Warning] Access denied for user 'root'@'203.0.113.7' (using password: NO)
=> 203.0.113.7 | root | failure | database_login | FAILED; tocsin_database_guess
240301  3:11:26 [Warning] Access denied for user 'root'@'203.0.113.7' (using password: YES)
=> 203.0.113.7 | root | failure | database_login | FAILED; tocsin_database_guess
2024-03-01 13:11:26 12 [Warning] Access denied for user 'app'@'2001:db8::7' (using password: YES)
=> 2001:db8::7 | app | failure | database_login | FAILED; tocsin_database_guess
2024-03-01T03:11:26.123456Z 12 [Note] Access denied for user 'app'@'10.0.0.5' (using password: YES)
=> 10.0.0.5 | app | failure | database_login | FAILED
2024-03-01T03:11:26.123456Z 12 [Note] [MY-010926] [Server] Access denied for user 'app'@'localhost' (using password: YES)
=> - | app | failure | database_login | FAILED; tocsin_database_guess
2024-03-01T03:11:26.123456Z 12 [Note] [MY-010926] [Server] Access denied for user 'x'@'192.0.2.1' (using password: YES)'@'203.0.113.7' (using password: YES)
=> 203.0.113.7 | x'@'192.0.2.1' (using password: YES) | failure | database_login | FAILED; tocsin_database_guess
2024-03-01  3:11:26 12 [Warning] Access denied for user 'app'@'203.0.113.7' to database 'x'@'192.0.2.1'
=> 203.0.113.7 | app | failure | database_denied | tocsin_database_denied
2024-03-01  3:11:26 12 [Warning] Aborted connection 12 to db: 'app' user: 'bob' host: '203.0.113.7' (Got timeout reading communication packets)
=> 203.0.113.7 | bob | unknown | database_disconnect | -
2024-03-01  3:11:26 12 [Warning] Aborted connection 12 to db: 'unconnected' user: 'unauthenticated' host: '203.0.113.7' (This connection closed normally without authentication)
=> 203.0.113.7 | - | unknown | database_disconnect | -
2024-03-01T03:11:26.123456Z 12 [Warning] [MY-010055] [Server] IP address '203.0.113.7' could not be resolved: Name or service not known
=> 203.0.113.7 | - | unknown | database_connect | -
2024-03-01T03:11:26.123456Z\t   12 Connect\tapp@203.0.113.7 on shop using SSL/TLS
=> 203.0.113.7 | app | success | database_login | tocsin_database_success
2024-03-01T03:11:26.123456Z\t   12 Connect\troot@203.0.113.7 on  using TCP/IP
=> 203.0.113.7 | root | success | database_login | tocsin_database_success; Database superuser from outside
2024-03-01T03:11:26.123456Z\t   12 Connect\troot@localhost on  using Socket
=> - | root | success | database_login | tocsin_database_success
2024-03-01T03:11:26.123456Z\t   12 Connect\tAccess denied for user 'root'@'203.0.113.7' (using password: YES)
=> 203.0.113.7 | root | failure | database_login | FAILED; tocsin_database_guess
2024-03-01T03:11:26.123456Z\t   12 Query\tSELECT * FROM users WHERE note = 'DROP DATABASE shop'
=> - | - | unknown | database_statement | -
2024-03-01T03:11:26.123456Z\t   12 Query\tDROP DATABASE shop
=> - | - | unknown | database_statement | Database dropped
2024-03-01T03:11:26.123456Z\t   12 Query\tSELECT '<?php' INTO OUTFILE '/var/www/html/x.php'
=> - | - | unknown | database_statement | Database told to run a program or write a file
2024-03-01T03:11:26.123456Z\t   12 Quit\t
=> - | - | - | - | -
2024-03-01T03:11:26.123456Z 0 [ERROR] [MY-013183] [InnoDB] Assertion failure: btr0cur.cc:336:page_is_comp(get_page) thread 812
=> - | - | - | - | -
2024-03-01  3:11:26 0 [ERROR] InnoDB: Database page corruption on disk or a failed read of file './app/users.ibd' page [page id: space=5, page number=3].
=> - | - | failure | database_fault | Database damaged
2024-03-01T03:11:26.123456Z 12 [ERROR] [MY-010934] [Server] Out of memory; check if mysqld or some other process uses all available memory
=> - | - | failure | database_fault | Database crashed
2024-03-01T03:11:26.123456Z 0 [ERROR] [MY-010907] [Server] Table './app/users' is marked as crashed and should be repaired
=> - | - | failure | database_fault | Database damaged
2024-03-01T03:11:26.123456Z 0 [Warning] [MY-010914] [Server] Disk is full writing './binlog.000012' (OS errno 28 - No space left on device). Waiting for someone to free space...
=> - | - | failure | database_fault | Database out of disk
2024-03-01  3:11:26 0 [Warning] Too many connections
=> - | - | failure | database_fault | tocsin_database_full_up
2024-03-01T03:11:26.123456Z 8 [ERROR] [MY-010584] [Repl] Replica SQL for channel '': Error 'Duplicate entry' on query. Default database: 'app'. Query: 'INSERT', Error_code: MY-001062
=> - | - | failure | database_fault | Replication broken
2024-03-01T03:11:26.123456Z 8 [System] [MY-010562] [Repl] Replica I/O for channel '': connected to source 'repl@db1:3306', replication started
=> - | - | - | - | -
2024-03-01T03:11:26.123456Z 0 [System] [MY-010931] [Server] /usr/sbin/mysqld: ready for connections. Version: '8.4.0'  socket: '/run/mysqld/mysqld.sock'  port: 3306
=> - | - | - | - | -
Mar  1 03:11:26 db1 mariadbd[812]: 2024-03-01  3:11:26 12 [Warning] Access denied for user 'root'@'203.0.113.7' (using password: YES)
=> 203.0.113.7 | root | failure | database_login | FAILED; tocsin_database_guess
Mar  1 03:11:26 db1 mysqld[812]: [Note] [MY-010926] [Server] Access denied for user 'root'@'203.0.113.7' (using password: YES)
=> 203.0.113.7 | root | failure | database_login | FAILED; tocsin_database_guess
{"log_type":1,"prio":3,"err_code":10926,"subsystem":"Server","msg":"Access denied for user 'root'@'203.0.113.7' (using password: YES)","time":"2024-03-01T03:11:26.123456Z","thread":12,"err_symbol":"ER_ACCESS_DENIED_ERROR_WITH_PASSWORD","SQL_state":"28000","label":"Note"}
=> 203.0.113.7 | root | failure | database_login | FAILED; tocsin_database_guess
"""  # noqa: E501
LINES = rows(TABLE.replace("FAILED", "tocsin_database_failure"))
ask = Asker("database")


@pytest.mark.parametrize("row", LINES, ids=range(len(LINES)))
def test_lines(row: Row) -> None:
    """Source, user, outcome, action, and the rules that the line fulfils."""
    assert ask.told(row[0]) == row[1:]


def test_log_source_and_details() -> None:
    """Error log, general log and syslog are one log source; what was done is kept as it was written."""
    mysql = LogSource(category="database", product="linux", service="mysql")
    assert service(LINES[0][0]) == service(LINES[11][0]) == service(LINES[-1][0]) == mysql
    assert parsed(LINES[11][0]).fields["db.name"] == "shop"
    assert parsed(LINES[16][0]).fields["db.statement"] == "DROP DATABASE shop"
    assert parsed(LINES[5][0]).fields["source.domain"] == "localhost"
