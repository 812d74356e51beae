"""Kubernetes' audit log: one object per stage of a request (https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/).

Names are those of audit.k8s.io/v1, flattened. A request makes an object for each of its stages, under one ``auditID``;
a rule that counts asks for one stage. Of ``sourceIPs`` only the last is the API server's own knowledge: the others come
from headers that a client may write as it likes (https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/).
"""

from collections.abc import Iterator
from typing import Any

from rules.event import LogSource
from rules.formats.format import Context, Parsed
from rules.formats.reading.addresses import put_endpoint
from rules.formats.reading.json_object import decode, flatten, time_in
from rules.formats.reading.program import happened

AUDIT = LogSource(category="application", product="kubernetes", service="audit")
#: How deep a pod's part that we ask about may lie in what was sent (a CronJob's is the deepest).
DEEPEST = 12


class KubernetesAudit:
    """Kubernetes' audit log."""

    name = "kubernetes-audit"
    strictness = 96

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read an ``Event`` of ``audit.k8s.io``."""
        if '"audit.k8s.io/' not in line:
            return None
        found = decode(line)
        if (
            found is None
            or found.get("kind") != "Event"
            or not str(found.get("apiVersion")).startswith("audit.k8s.io/")
        ):
            return None
        fields = flatten(found)
        stamp = time_in(fields, context, ("requestReceivedTimestamp", "stageTimestamp"))
        if stamp is None:
            return None
        _put_people(fields)
        _put_outcome(fields)
        _put_pod(found.get("requestObject"), fields)
        fields["message"] = line
        return Parsed(fields=fields, logsource=AUDIT, time=stamp[0], resolution=stamp[1])


def _put_people(fields: dict[str, Any]) -> None:
    for native, name in (("user.username", "user.name"), ("impersonatedUser.username", "user.effective.name")):
        if isinstance(value := fields.get(native), str):
            fields[name] = value
    addresses = fields.get("sourceIPs")
    if isinstance(addresses, list) and addresses and isinstance(addresses[-1], str):
        put_endpoint(fields, "source", addresses[-1])
    if "objectRef.apiGroup" in fields:
        fields.setdefault("apiGroup", fields["objectRef.apiGroup"])  # as rules of others name it


def _put_outcome(fields: dict[str, Any]) -> None:
    """``kubernetes_create``, …; the outcome is known once there is a response."""
    code = fields.get("responseStatus.code")
    outcome = "unknown" if not isinstance(code, int) else "success" if code < 400 else "failure"
    reason = fields.get("responseStatus.reason")
    verb = str(fields.get("verb", ""))[:40]
    happened(fields, f"kubernetes_{verb}", outcome, reason if isinstance(reason, str) else "")


def _put_pod(sent: Any, fields: dict[str, Any]) -> None:
    """What a pod asks of its node, wherever in the object its specification lies: in a Deployment, a CronJob, …"""
    wishes: dict[str, list[Any]] = {"hostPath": [], "capabilities": [], "host": []}
    for name, value in _parts(sent):
        if name == "hostPath" and isinstance(value, dict) and isinstance(value.get("path"), str):
            wishes["hostPath"].append(value["path"])
        elif name == "capabilities" and isinstance(value, dict) and isinstance(value.get("add"), list):
            wishes["capabilities"] += value["add"]
        elif name in ("privileged", "hostPID", "hostIPC", "hostNetwork") and value is True:
            wishes["host"].append(name)
    if wishes["hostPath"]:
        fields.setdefault("hostPath", wishes["hostPath"])
    if wishes["capabilities"]:
        fields.setdefault("capabilities", wishes["capabilities"])
    if wishes["host"]:
        fields["kubernetes.host"] = sorted(set(wishes["host"]))


def _parts(sent: Any) -> Iterator[tuple[str, Any]]:
    """Every name with its value, to a bounded depth; so many as there are, lest a thousand labels hide the last."""
    left: list[tuple[Any, int]] = [(sent, 0)] if isinstance(sent, dict) else []
    while left:
        value, depth = left.pop()
        for name, one in value.items() if isinstance(value, dict) else [("", one) for one in value]:
            yield name, one
            if isinstance(one, dict | list) and depth < DEEPEST:
                left.append((one, depth + 1))
