"""What Zeek's logs tell, however they are written: product zeek, service = the log's path (conn, dns, http, …)."""

from typing import Any

from rules.event import LogSource
from rules.formats.format import Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import put_endpoint
from rules.formats.reading.program import happened
from rules.formats.taxonomy.question import put_question

#: Zeek's word for how a connection went -> outcome. Only attempts that found nobody are failures.
STATES = {
    **dict.fromkeys(("S0", "REJ", "RSTOS0", "RSTRH", "SH"), "failure"),
    **dict.fromkeys(("S1", "SF", "S2", "S3", "RSTO", "RSTR"), "success"),
}

#: A field that only one log has -> its path, where the line does not say.
TELLING = {
    "conn_state": "conn",
    "qtype_name": "dns",
    "rcode_name": "dns",
    "note": "notice",
    "user_agent": "http",
    "resp_mime_types": "http",
    "auth_success": "ssh",
    "auth_attempts": "ssh",
    "cipher": "ssl",
    "server_name": "ssl",
    "mime_type": "files",
    "certificate.serial": "x509",
    "mailfrom": "smtp",
    "request_type": "kerberos",
    "endpoint": "dce_rpc",
    "ntlm_success": "ntlm",
    "security_protocol": "rdp",
    "share_type": "smb_mapping",
}


def told(fields: dict[str, Any], path: str, line: str, stamp: stamps.Stamp) -> Parsed:
    """Zeek's own fields with the normalised ones beside them."""
    for side, end in (("source", "orig"), ("destination", "resp")):
        host, port = fields.get(f"id.{end}_h"), fields.get(f"id.{end}_p", "")
        if isinstance(host, str):
            put_endpoint(fields, side, host, str(port)[:20])
    fields.setdefault("message", line)
    _put_action(path, fields)
    if path in MORE:
        MORE[path](fields)
    if path == "conn":
        fields["connection.hour"] = stamp[0].isoformat()[:13]
    return Parsed(
        fields=fields,
        logsource=LogSource(category="dns" if path == "dns" else None, product="zeek", service=path or None),
        time=stamp[0],
        resolution=stamp[1],
    )


def _notice(fields: dict[str, Any]) -> None:
    """A notice about no single connection names the ends by themselves."""
    for side, native in (("source", "src"), ("destination", "dst")):
        if f"{side}.ip" not in fields and isinstance(host := fields.get(native), str):
            put_endpoint(fields, side, host)


def _dns(fields: dict[str, Any]) -> None:
    put_question(fields, fields.get("query"), fields.get("qtype_name"), fields.get("rcode_name"))
    if isinstance(fields.get("answers"), list):
        fields["answer"] = fields["answers"]


def _login(fields: dict[str, Any]) -> None:
    """Whom a request in clear text named: by Basic authentication in HTTP, by USER in FTP."""
    user = fields.get("username", fields.get("user"))
    if isinstance(user, str) and user:
        fields["user.name"] = user


def _http(fields: dict[str, Any]) -> None:
    """SigmaHQ's rules name two of Zeek's fields as those of a proxy."""
    _login(fields)
    for native, name in (("uri", "c-uri"), ("user_agent", "c-useragent")):
        if native in fields:
            fields.setdefault(name, fields[native])


def _ssh(fields: dict[str, Any]) -> None:
    """Zeek infers from sizes whether a login succeeded; where it cannot, it says nothing."""
    if isinstance(success := fields.get("auth_success"), bool):
        happened(fields, "zeek_ssh", "success" if success else "failure")


def _ssl(fields: dict[str, Any]) -> None:
    if isinstance(status := fields.get("validation_status"), str):
        happened(fields, "zeek_ssl", "success" if status == "ok" else "failure", status)


#: What a path tells beside its action.
MORE = {"notice": _notice, "dns": _dns, "http": _http, "ftp": _login, "ssh": _ssh, "ssl": _ssl}


def path_of(fields: dict[str, Any]) -> str:
    """The path of a line that does not say it, "" if nothing tells."""
    return next((path for name, path in TELLING.items() if name in fields), "")


def _put_action(path: str, fields: dict[str, Any]) -> None:
    if path == "conn":
        state = str(fields.get("conn_state") or "")
        happened(fields, "connection", STATES.get(state, "unknown"), state)
    elif path == "http":
        status = fields.get("status_code")
        outcome = "unknown" if not isinstance(status, int) else "success" if status < 400 else "failure"
        happened(fields, "http_request", outcome)
    elif path == "notice":
        happened(fields, "ids_alert", "unknown", str(fields.get("note", "")))
    elif path:
        happened(fields, f"zeek_{path}")
