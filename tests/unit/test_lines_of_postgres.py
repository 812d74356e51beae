"""PostgreSQL's lines, after https://www.postgresql.org/docs/current/runtime-config-logging.html.

stderr with the default prefix, Debian's, pgBadger's and Amazon's; syslog, csvlog and jsonlog.
"""

import json

import pytest
from support.lines import CONTEXT
from support.service_lines import Asker, Row, parsed, rows, service

from rules.event import LogSource
from rules.formats.database.postgres_peers import MOST
from rules.formats.detect import Pin

TABLE = '''
2024-03-01 03:11:26.123 UTC [812] bob@app FATAL:  password authentication failed for user "bob"
=> - | bob | failure | database_login | NOWHERE
2024-03-01 03:11:26.123 UTC [812] FATAL:  password authentication failed for user "bob"
=> - | bob | failure | database_login | NOWHERE
2024-03-01 03:11:26 UTC [812]: [1-1] user=bob,db=app,app=[unknown],client=203.0.113.7 FATAL:  password authentication failed for user "bob"
=> 203.0.113.7 | bob | failure | database_login | FAILED
2024-03-01 03:11:26 UTC:203.0.113.7(40022):bob@app:[812]:FATAL:  password authentication failed for user "bob"
=> 203.0.113.7 | bob | failure | database_login | FAILED
2024-03-01 03:11:26.123 CET [812] 203.0.113.7(40022) FATAL:  password authentication failed for user "bob"
=> 203.0.113.7 | bob | failure | database_login | FAILED
2024-03-01 03:11:26.123 UTC [812] [unknown]@[unknown] LOG:  connection received: host=203.0.113.7 port=40022
=> 203.0.113.7 | - | unknown | database_connect | -
2024-03-01 03:11:26.123 UTC [812] bob@app LOG:  connection authorized: user=bob database=app application_name=psql SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)
=> - | bob | success | database_login | tocsin_database_success
2024-03-01 03:11:26 UTC [812]: [2-1] user=postgres,db=app,app=[unknown],client=203.0.113.7 LOG:  connection authorized: user=postgres database=app application_name=pg_dump
=> 203.0.113.7 | postgres | success | database_login | tocsin_database_success; Database superuser from outside; Database dumped from outside
2024-03-01 03:11:26 UTC [812]: [2-1] user=postgres,db=app,app=psql,client=10.0.0.5 LOG:  connection authorized: user=postgres database=app
=> 10.0.0.5 | postgres | success | database_login | -
2024-03-01 03:11:26.123 UTC [812] bob@app FATAL:  no pg_hba.conf entry for host "203.0.113.7", user "bob", database "app", no encryption
=> 203.0.113.7 | bob | failure | database_login | FAILED
2024-03-01 03:11:26.123 UTC [812] x@app FATAL:  no pg_hba.conf entry for host "203.0.113.7", user "x", database "a", user "root", database "app", SSL off
=> 203.0.113.7 | x", database "a", user "root | failure | database_login | FAILED
2024-03-01 03:11:26.123 UTC [812] eve@app FATAL:  role "eve" does not exist
=> - | eve | failure | database_login | NOWHERE
2024-03-01 03:11:26.123 UTC [812] eve@app DETAIL:  Role "eve" does not exist.
=> - | eve | failure | database_auth | -
2024-03-01 03:11:26.123 UTC [812] user=u,client=192.0.2.1 @app FATAL:  password authentication failed for user "user=u,client=192.0.2.1 "
=> - | user=u,client=192.0.2.1  | failure | database_login | NOWHERE
2024-03-01 03:11:26.123 UTC [812] 192.0.2.1 x@app FATAL:  password authentication failed for user "192.0.2.1 x"
=> - | 192.0.2.1 x | failure | database_login | NOWHERE
2024-03-01 03:11:26.123 UTC [812] PANIC:  No space left on device@app FATAL:  password authentication failed for user "PANIC:  No space left on device"
=> - | PANIC:  No space left on device | failure | database_login | NOWHERE
2024-03-01 03:11:26 UTC [812]: [1-1] user=LOG:  x,db=app,app=,client=203.0.113.7 FATAL:  password authentication failed for user "LOG:  x"
=> 203.0.113.7 | LOG:  x | failure | database_login | FAILED
2024-03-01 03:11:26.123 UTC [812] app@app ERROR:  permission denied for table salaries
=> - | app | failure | database_denied | tocsin_database_denied
2024-03-01 03:11:26.123 UTC [812] app@app LOG:  statement: DROP DATABASE shop;
=> - | app | unknown | database_statement | Database dropped
2024-03-01 03:11:26.123 UTC [812] app@app LOG:  duration: 0.123 ms  statement: COPY cmd FROM PROGRAM 'id'
=> - | app | unknown | database_statement | Database told to run a program or write a file
2024-03-01 03:11:26.123 UTC [812] app@app ERROR:  syntax error at or near "PANIC:  No space left on device" at character 8
=> - | app | - | - | -
2024-03-01 03:11:26.123 UTC [812] app@app STATEMENT:  SELECT 'invalid page in block 1'
=> - | app | - | - | -
2024-03-01 03:11:26.123 UTC [812] PANIC:  could not write to file "pg_wal/xlogtemp.812": No space left on device
=> - | - | failure | database_fault | Database out of disk
2024-03-01 03:11:26.123 UTC [812] app@app ERROR:  invalid page in block 12 of relation base/16384/2619
=> - | app | failure | database_fault | Database damaged
2024-03-01 03:11:26.123 UTC [812] app@app FATAL:  sorry, too many clients already
=> - | app | failure | database_fault | tocsin_database_full_up
2024-03-01 03:11:26.123 UTC [812] LOG:  server process (PID 813) was terminated by signal 11: Segmentation fault
=> - | - | failure | database_fault | Database crashed
2024-03-01 03:11:26.123 UTC [812] FATAL:  could not receive data from WAL stream: ERROR:  requested WAL segment 000000010000000000000012 has already been removed
=> - | - | failure | database_fault | Replication broken
2024-03-01 03:11:26.123 UTC [812] LOG:  checkpoint complete: wrote 12 buffers (0.1%); 0 WAL file(s) added
=> - | - | - | - | -
2024-03-01 03:11:26.123 UTC [812] bob@app LOG:  disconnection: session time: 0:00:12.345 user=bob database=app host=203.0.113.7 port=40022
=> 203.0.113.7 | bob | unknown | database_disconnect | -
2024-03-01 03:11:26.123 UTC,"bob","app",812,"203.0.113.7:40022",65e1.32c,2,"authentication",2024-03-01 03:11:26 UTC,3/0,0,FATAL,28P01,"password authentication failed for user ""bob""","Role ""bob"" does not exist.",,,,,,,,"","client backend",,0
=> 203.0.113.7 | bob | failure | database_login | FAILED
{"timestamp":"2024-03-01 03:11:26.123 UTC","user":"bob","dbname":"app","pid":812,"remote_host":"203.0.113.7","remote_port":40022,"session_id":"65e1.32c","line_num":2,"error_severity":"FATAL","state_code":"28P01","message":"password authentication failed for user \\"bob\\"","backend_type":"client backend"}
=> 203.0.113.7 | bob | failure | database_login | FAILED
Mar  1 03:11:26 db1 postgres[812]: [3-1] 2024-03-01 03:11:26.123 UTC [812] bob@app FATAL:  password authentication failed for user "bob"
=> - | bob | failure | database_login | NOWHERE
Mar  1 03:11:26 db1 postgres[812]: [3-1] user=bob,db=app,client=203.0.113.7 FATAL:  password authentication failed for user "bob"
=> 203.0.113.7 | bob | failure | database_login | FAILED
'''  # noqa: E501
LINES = rows(
    TABLE.replace("FAILED", "tocsin_database_failure; tocsin_database_guess").replace(
        "NOWHERE", "tocsin_database_failure; tocsin_database_guess; tocsin_database_failure_nowhere"
    )
)
ask = Asker("database")


@pytest.mark.parametrize("row", LINES, ids=range(len(LINES)))
def test_lines(row: Row) -> None:
    """Source, user, outcome, action, and the rules that the line fulfils."""
    assert ask.told(row[0]) == row[1:]


def test_log_source_and_details() -> None:
    """The same log source whatever the destination of the log; details where they stand apart."""
    postgresql = LogSource(category="database", product="linux", service="postgresql")
    assert {service(row[0]) for row in LINES} == {postgresql}
    fields = parsed(LINES[-4][0]).fields
    assert (fields["db.state"], fields["event.reason"], fields["source.port"]) == ("28P01", "invalid_user", 40022)
    assert parsed(LINES[7][0]).fields["db.application"] == "pg_dump"


PREFIX = "2024-03-01 03:11:26.123 UTC [{}] "


def sources(*lines: str) -> list[str | None]:
    """The address that each line of one log names."""
    pin, found = Pin("postgresql"), []
    for line in lines:
        _, one = pin.choose(line, CONTEXT)
        assert one is not None, line
        found.append(one.fields.get("source.ip"))
    return found


def test_a_prefix_without_an_address() -> None:
    """What ``log_connections`` told of a process goes for what follows of it, until its number is another's."""
    assert sources(
        PREFIX.format(812) + "[unknown]@[unknown] LOG:  connection received: host=203.0.113.7 port=40022",
        PREFIX.format(813) + "[unknown]@[unknown] LOG:  connection received: host=2001:db8::7 port=40023",
        PREFIX.format(812) + 'bob@app FATAL:  password authentication failed for user "bob"',
        PREFIX.format(813) + "bob@app LOG:  connection authorized: user=bob database=app",
        PREFIX.format(814) + "LOG:  checkpoint starting: time",
        PREFIX.format(812) + "[unknown]@[unknown] LOG:  connection received: host=[local]",
        PREFIX.format(812) + "bob@app LOG:  connection authorized: user=bob database=app",
    ) == ["203.0.113.7", "2001:db8::7", "203.0.113.7", "2001:db8::7", None, None, None]


def test_a_prefix_without_an_address_in_a_container() -> None:
    """The same where Docker puts a frame around each line, before and after the format is settled."""
    pin = Pin("docker-json")
    for number in range(1000, 1250):
        received = f"[unknown]@[unknown] LOG:  connection received: host=203.0.113.{number % 200} port=40022"
        for text in (received, 'bob@app FATAL:  password authentication failed for user "bob"'):
            log = {"log": PREFIX.format(number) + text, "stream": "stderr", "time": "2024-03-01T03:11:26.2Z"}
            _, one = pin.choose(json.dumps(log), CONTEXT)
        assert one is not None
        assert one.fields.get("source.ip") == f"203.0.113.{number % 200}"


def test_a_name_that_looks_like_a_process() -> None:
    """A number that stands behind what a client chose is nobody's process."""
    lines = [
        PREFIX.format(812) + "[unknown]@[unknown] LOG:  connection received: host=203.0.113.7 port=40022",
        '2024-03-01 03:11:26.123 UTC x [812]@app FATAL:  password authentication failed for user "x [812]"',
    ]
    assert sources(*lines)[1] is None


def test_only_the_last_connections_are_remembered() -> None:
    """However many come, what is remembered stays small."""
    received = "[unknown]@[unknown] LOG:  connection received: host=203.0.113.7 port=40022"
    pin = Pin("postgresql")
    for pid in range(1000, 1100):
        pin.choose(PREFIX.format(pid) + received, CONTEXT)
    assert pin.state.header.count("=") == MOST
