"""Days of mail servers, databases, name servers and containers on which nothing is wrong, but much is said."""

# ruff: noqa: E501 (lines of logs stand as they are written)

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from support.traffic.days_of_hosts import MINUTE, SECOND
from support.traffic.lines import HOME, OFFICE, PEOPLE, Line, every, syslog
from support.traffic.mail import postfix

INSIDE = "10.0.0.5"


def imap(at: datetime, text: str) -> Line:
    """A line of Dovecot's login process."""
    return syslog(at, "mail", "dovecot", f"imap-login: {text}")


def wrong(at: datetime, user: str, address: str, session: str) -> Line:
    """Somebody's password is refused."""
    return imap(
        at,
        f"Login aborted: Connection closed (auth failed, 1 attempts in 2 secs) (auth_failed): user=<{user}>, "
        f"method=PLAIN, rip={address}, lip=198.51.100.2, TLS, session=<{session}>",
    )


def right(at: datetime, user: str, address: str, session: str) -> Line:
    """Somebody reads mail."""
    return imap(
        at,
        f"Login: user=<{user}>, method=PLAIN, rip={address}, lip=198.51.100.2, mpid=4711, TLS, session=<{session}>",
    )


def devices_with_the_old_password(at: datetime) -> Iterator[Line]:
    """Ann changed her password: telephone, tablet and laptop go on with the old one for an hour."""
    for number, moment in enumerate(every(at - timedelta(hours=4), 15 * MINUTE, 15)):
        yield right(moment, "ann", HOME, f"before{number}")
    for number, moment in enumerate(every(at, 25 * SECOND, 144)):
        yield wrong(moment, "ann", HOME, f"d{number}")
    for device in range(3):
        yield right(at + timedelta(hours=1, minutes=device), "ann", HOME, f"after{device}")


def office_that_mistypes_mail(at: datetime) -> Iterator[Line]:
    """Forty people behind one address begin their day; every fifth mistypes, or has an old password, once or twice."""
    for number in range(40):
        moment = at + number * MINUTE
        for attempt in range((number % 5 == 0) + (number % 10 == 0)):
            yield wrong(moment + attempt * 8 * SECOND, f"p{number}", OFFICE, f"o{number}{attempt}")
        yield right(moment + 30 * SECOND, f"p{number}", OFFICE, f"ok{number}")


def mailing_list(at: datetime) -> Iterator[Line]:
    """A letter to an old list: hundreds of addresses are gone, others are put off."""
    yield syslog(at, "mail", "postfix/pickup[2204]", "4Xy1: uid=38 from=<list-bounces@shop.example>")
    yield syslog(
        at, "mail", "postfix/qmgr[2205]", "4Xy1: from=<list-bounces@shop.example>, size=9310, nrcpt=2000 (queue active)"
    )
    for number, moment in enumerate(every(at, SECOND, 400)):
        said, status, dsn = (
            ("550 5.1.1 User unknown (in reply to RCPT TO command)", "bounced", "5.1.1")
            if number % 4
            else ("451 4.7.1 Greylisted (in reply to RCPT TO command)", "deferred", "4.7.1")
        )
        yield postfix(
            moment,
            "smtp",
            f"4Xy1: to=<m{number}@d{number % 50}.example>, relay=mx.d{number % 50}.example[203.0.113.25]:25, delay=3, "
            f"delays=0.1/0/1/2, dsn={dsn}, status={status} (host mx.d{number % 50}.example[203.0.113.25] said: {said})",
        )


def wave_of_spam(at: datetime) -> Iterator[Line]:
    """Two hundred machines of a botnet bring spam to addresses that they made up."""
    for number, moment in enumerate(every(at, 2 * SECOND, 200)):
        who = f"{('203.0.113', '192.0.2')[number % 2]}.{number % 200 + 1}"
        yield postfix(moment, "smtpd", f"connect from unknown[{who}]")
        yield postfix(
            moment,
            "smtpd",
            f"NOQUEUE: reject: RCPT from unknown[{who}]: 550 5.1.1 <x{number}@shop.example>: Recipient address rejected: "
            f"User unknown in virtual mailbox table; from=<a@b.example> to=<x{number}@shop.example> proto=ESMTP helo=<h>"
            if number % 3
            else f"NOQUEUE: reject: RCPT from unknown[{who}]: 554 5.7.1 Service unavailable; Client host [{who}] blocked "
            f"using zen.spamhaus.org; from=<a@b.example> to=<info@shop.example> proto=ESMTP helo=<h>",
        )
        yield postfix(moment, "smtpd", f"disconnect from unknown[{who}] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4")


def newsletter(at: datetime) -> Iterator[Line]:
    """The shop's own program sends its letter: sixty an hour and account is normal, this is three hundred."""
    for number, moment in enumerate(every(at, 2 * SECOND, 300)):
        yield postfix(
            moment,
            "smtpd",
            f"{0xAC000000 + number:X}: client=shop.example[{INSIDE}], sasl_method=PLAIN, sasl_username=newsletter@shop.example",
        )


def reader_on_the_move(at: datetime) -> Iterator[Line]:
    """A telephone in a train: one mailbox from eight addresses in an hour."""
    for number, moment in enumerate(every(at, 7 * MINUTE, 8)):
        yield right(moment, "bo", f"198.51.{100 + number % 2}.{10 + number}", f"t{number}")


def rotated_database_password(at: datetime) -> Iterator[Line]:
    """A program inside still has the old password for five minutes, and tries each second."""
    for number, moment in enumerate(every(at, 5 * SECOND, 60)):
        yield Line(
            moment,
            "mysql",
            f"{moment:%Y-%m-%d}  {moment.hour}:{moment:%M:%S} {number} [Warning] Access denied for user 'shop'@'{INSIDE}' "
            "(using password: YES)",
        )
        stamp = f"{moment:%Y-%m-%d %H:%M:%S}.123 UTC [{number + 800}] {INSIDE}({number + 40000}) shop@shop"
        yield Line(moment, "postgresql", f'{stamp} FATAL:  password authentication failed for user "shop"')
    moment = at + 6 * MINUTE
    stamp = f"{moment:%Y-%m-%d %H:%M:%S}.123 UTC [999] {INSIDE}(40999) shop@shop"
    yield Line(moment, "postgresql", f"{stamp} LOG:  connection authorized: user=shop database=shop")


def busy_database(at: datetime) -> Iterator[Line]:
    """Slow statements, deadlocks that were resolved, a replica that lags, a vacuum that gives way."""
    for number, moment in enumerate(every(at, 20 * SECOND, 60)):
        stamp = f"{moment:%Y-%m-%d %H:%M:%S}.123 UTC [{number + 800}] shop@shop"
        text = (
            "ERROR:  deadlock detected",
            "ERROR:  canceling statement due to statement timeout",
            'ERROR:  duplicate key value violates unique constraint "orders_pkey"',
            "LOG:  duration: 2141.123 ms  statement: SELECT * FROM orders WHERE note LIKE '%drop table%'",
            "ERROR:  could not serialize access due to concurrent update",
            "LOG:  could not receive data from client: Connection reset by peer",
            "LOG:  unexpected EOF on client connection with an open transaction",
            'FATAL:  role "root" does not exist',
        )[number % 8]
        yield Line(moment, "postgresql", f"{stamp} {text}")


def secondary_name_server(at: datetime) -> Iterator[Line]:
    """The secondary of a provider fetches the zone with its key, and resolvers ask what they always ask."""
    for number, moment in enumerate(every(at, 15 * MINUTE, 30)):
        who = f"client @0x7f1{number:03d} 192.0.2.53#4{number:04d}"
        stamp = f"{moment:%d-%b-%Y %H:%M:%S}.123"
        yield Line(
            moment,
            "named",
            f"{stamp} xfer-out: info: {who}/key provider (shop.example): transfer of 'shop.example/IN': AXFR started: TSIG provider (serial 20260301{number:02d})",
        )
        yield Line(
            moment,
            "named",
            f"{stamp} xfer-out: info: {who}/key provider (shop.example): transfer of 'shop.example/IN': AXFR ended: 1 messages, 8 records, 731 bytes, 0.001 secs (731000 bytes/sec)",
        )
        yield Line(
            moment,
            "named",
            f"{stamp} lame-servers: info: connection refused resolving 'x{number}.example/A/IN': 203.0.113.53#53",
        )


def docker(at: datetime, action: str, name: str, **more: str) -> Line:
    """An event as ``docker events --format json`` prints it."""
    actor = {"ID": "4f1b", "Attributes": {"image": f"shop/{name}:2", "name": f"shop-{name}-1", **more}}
    seconds = int(at.timestamp())
    said = {"Type": "container", "Action": action, "Actor": actor, "scope": "local", "time": seconds}
    return Line(at, "docker", json.dumps({**said, "timeNano": seconds * 1_000_000_000}))


def compose_up(at: datetime) -> Iterator[Line]:
    """``docker compose up``: what needs the database dies until there is one; checks of health run all the time."""
    for name in ("db", "cache", "web", "worker"):
        yield docker(at, "kill", name, signal="15")
        yield docker(at, "die", name, exitCode="143" if name != "worker" else "137")
        yield docker(at + SECOND, "destroy", name)
        yield docker(at + 2 * SECOND, "create", name)
        yield docker(at + 3 * SECOND, "start", name)
    for moment in every(at + 4 * SECOND, 4 * SECOND, 4):
        yield docker(moment, "die", "web", exitCode="1")
        yield docker(moment + SECOND, "start", "web")
    for moment in every(at, 10 * SECOND, 60):
        yield docker(moment, "exec_create: /bin/sh -c curl -fs http://localhost/healthz || exit 1", "web")
        yield docker(moment, "exec_die", "web", exitCode="0")
    yield docker(at + 5 * MINUTE, "exec_create: bash", "web")


def audit(at: datetime, who: str, verb: str, resource: str, namespace: str = "shop", **more: Any) -> Line:
    """A request to Kubernetes' API."""
    name, _, part = resource.partition("/")
    said: dict[str, Any] = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": f"{at:%H%M%S%f}",
        "stage": "ResponseComplete",
        "requestURI": f"/api/v1/namespaces/{namespace}/{resource}",
        "verb": verb,
        "user": {"username": who, "groups": ["system:authenticated"]},
        "sourceIPs": [INSIDE],
        "objectRef": {"resource": name, "namespace": namespace, "name": "x", "apiVersion": "v1"},
        "responseStatus": {"code": 200},
        "requestReceivedTimestamp": f"{at:%Y-%m-%dT%H:%M:%S}.123456Z",
        "stageTimestamp": f"{at:%Y-%m-%dT%H:%M:%S}.223456Z",
    }
    said["objectRef"] |= {"subresource": part} if part else {}
    return Line(at, "kubernetes", json.dumps(said | more))


def cluster(at: datetime) -> Iterator[Line]:
    """People look into pods, Helm keeps its releases in secrets, controllers read everything, probes are anonymous."""
    for number, moment in enumerate(every(at, 2 * MINUTE, 20)):
        person = f"{PEOPLE[number % 3]}@shop.example"
        yield audit(
            moment,
            person,
            "create",
            "pods/exec",
            requestURI="/api/v1/namespaces/shop/pods/web-1/exec?command=bash&stdin=true&tty=true",
            responseStatus={"code": 101},
        )
        yield audit(moment, person, "list", "secrets")
        yield audit(moment, "system:serviceaccount:flux-system:helm-controller", "list", "secrets")
        yield audit(
            moment,
            "system:serviceaccount:cert-manager:cert-manager",
            "watch",
            "secrets",
            "",
            requestURI="/api/v1/secrets?watch=true",
        )
        yield audit(moment, "system:serviceaccount:monitoring:prometheus", "list", "pods", "")
        yield audit(
            moment,
            "system:anonymous",
            "get",
            "healthz",
            requestURI="/livez",
            objectRef=None,
            user={"username": "system:anonymous", "groups": ["system:unauthenticated"]},
        )
        yield audit(moment, "system:serviceaccount:shop:worker", "get", "configmaps", responseStatus={"code": 403})
        yield audit(moment, "system:kube-scheduler", "update", "leases", "kube-system")
    yield audit(at, f"{PEOPLE[0]}@shop.example", "patch", "deployments")
    yield audit(at + MINUTE, f"{PEOPLE[0]}@shop.example", "delete", "pods")


DAYS: Final = (
    devices_with_the_old_password,
    office_that_mistypes_mail,
    mailing_list,
    wave_of_spam,
    newsletter,
    reader_on_the_move,
    rotated_database_password,
    busy_database,
    secondary_name_server,
    compose_up,
    cluster,
)
