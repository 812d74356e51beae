"""Lines of Kubernetes' audit log: what each tells, and what only looks like a sign of something.

Written after "Auditing" and "kube-apiserver Audit Configuration (v1)" of the Kubernetes documentation.
"""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lines import CONTEXT, fulfilled, parsed, source_of, told

from rules.formats.container.kubernetes import KubernetesAudit

PERSON, ACCOUNT, NODE = "ann@example.org", "system:serviceaccount:shop:web", "system:node:node1"
ANONYMOUS = "system:anonymous"


def audit(who: str, verb: str, resource: str, code: int = 200, *, ip: str = "10.0.0.5", **more: Any) -> str:
    """A line; *resource* is ``namespace/resource[/subresource]``, the namespace may be empty."""
    namespace, _, rest = resource.partition("/")
    name, _, subresource = rest.partition("/")
    reference = {"resource": name, "apiVersion": "v1", "name": "x"}
    reference |= {"namespace": namespace} if namespace else {}
    reference |= {"subresource": subresource} if subresource else {}
    return json.dumps(
        {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "RequestResponse",
            "auditID": "0b6f3a52",
            "stage": "ResponseComplete",
            "requestURI": f"/api/v1/{rest}",
            "verb": verb,
            "user": {"username": who, "groups": ["system:authenticated"]},
            "sourceIPs": ["192.0.2.99", ip],
            "objectRef": reference,
            "responseStatus": {"code": code},
            "requestReceivedTimestamp": "2026-03-01T03:11:20.123456Z",
            "stageTimestamp": "2026-03-01T03:11:20.223456Z",
        }
        | more
    )


def pod(**wishes: Any) -> dict[str, Any]:
    """What is sent to make a pod that asks for *wishes*."""
    return {"requestObject": {"kind": "Pod", "spec": {"containers": [{"name": "a", "image": "b"}], **wishes}}}


def row(line: str, who: str, deed: str, *rules: str, ip: str = "10.0.0.5") -> tuple[str, tuple[Any, ...], list[str]]:
    action, _, outcome = deed.partition(" ")
    return line, (ip, who, f"kubernetes_{action}", outcome or "success"), list(rules)


POWER = {"spec": {"hostPID": True}}
ADMIN: dict[str, Any] = {"requestObject": {"roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}}}
EVERYBODY: dict[str, Any] = {
    "requestObject": {"roleRef": {"name": "view"}, "subjects": [{"kind": "User", "name": ANONYMOUS}]}
}
FOLDER = {"spec": {"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}}
CORE = "Cluster's core changed by a person"

LINES = [
    row(audit(PERSON, "create", "shop/pods/exec", 101), PERSON, "create", "Command run in a pod"),
    row(audit(PERSON, "create", "shop/pods/exec", 403), PERSON, "create failure"),
    row(
        audit(ACCOUNT, "create", "shop/pods/exec", 101),
        ACCOUNT,
        "create",
        "Command run in a pod by an account of the cluster, or in its core",
    ),
    row(audit(PERSON, "get", "shop/pods/log"), PERSON, "get"),
    row(audit(PERSON, "list", "/secrets"), PERSON, "list", "Secrets of the whole cluster listed"),
    row(audit(PERSON, "list", "shop/secrets"), PERSON, "list", "Secrets listed"),
    row(audit(PERSON, "get", "shop/secrets"), PERSON, "get"),
    row(audit(NODE, "list", "/secrets"), NODE, "list"),
    row(
        audit(ANONYMOUS, "get", "/pods", 403, ip="203.0.113.7"),
        ANONYMOUS,
        "get failure",
        "Anonymous request refused",
        ip="203.0.113.7",
    ),
    row(audit(ANONYMOUS, "get", "/pods"), ANONYMOUS, "get", "Anonymous request was served"),
    row(audit(ANONYMOUS, "get", "/x", requestURI="/livez?verbose"), ANONYMOUS, "get"),
    row(audit(PERSON, "create", "/clusterrolebindings", 201, **ADMIN), PERSON, "create", "Cluster-admin granted"),
    row(audit(PERSON, "create", "/rolebindings", 201, **EVERYBODY), PERSON, "create", "Rights granted to everybody"),
    row(audit("system:apiserver", "create", "/clusterrolebindings", 201, **ADMIN), "system:apiserver", "create"),
    row(
        audit(PERSON, "create", "shop/pods", 201, requestObject=POWER), PERSON, "create", "Pod with power over its node"
    ),
    row(
        audit(PERSON, "create", "shop/pods", 201, requestObject=FOLDER),
        PERSON,
        "create",
        "Pod with a sensitive folder of its node",
    ),
    row(audit(PERSON, "create", "kube-system/daemonsets", 201, requestObject=POWER), PERSON, "create", CORE),
    row(audit(PERSON, "create", "shop/pods", 201, **pod()), PERSON, "create"),
    row(
        audit(ACCOUNT, "list", "shop/pods", ip="203.0.113.7"),
        ACCOUNT,
        "list",
        "Service account used from outside",
        ip="203.0.113.7",
    ),
    row(audit(ACCOUNT, "list", "shop/pods"), ACCOUNT, "list"),
    row(audit(ACCOUNT, "list", "shop/secrets", 403), ACCOUNT, "list failure", "Request refused for want of a right"),
    row(audit(PERSON, "delete", "shop/events"), PERSON, "delete", "Events of the cluster deleted"),
    row(audit(PERSON, "patch", "kube-system/configmaps"), PERSON, "patch", CORE),
    row(audit(PERSON, "update", "kube-system/leases"), PERSON, "update"),
]


@pytest.mark.parametrize(("line", "meaning", "rules"), LINES)
def test_lines(line: str, meaning: tuple[Any, ...], rules: list[str]) -> None:
    """Each line tells who, from where, what and how it ended, and fulfils the rules that it should."""
    found = parsed(line)
    assert source_of(found) == "application/kubernetes/audit"
    assert (told(found), fulfilled(found, line, "container")) == (meaning, rules)


def test_what_a_pod_asks_of_its_node() -> None:
    """Wherever its specification lies: in a pod, in a template, in a template of a template."""
    spec = {
        "hostPID": True,
        "volumes": [{"name": "a", "hostPath": {"path": "/etc"}}],
        "containers": [{"securityContext": {"privileged": True, "capabilities": {"add": ["SYS_ADMIN"]}}}],
    }
    for sent in (
        {"spec": spec},
        {"spec": {"template": {"spec": spec}}},
        {"spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}},
    ):
        fields = parsed(audit(PERSON, "create", "shop/pods", requestObject=sent)).fields
        assert (fields["hostPath"], fields["capabilities"]) == (["/etc"], ["SYS_ADMIN"])
        assert fields["kubernetes.host"] == ["hostPID", "privileged"]


def test_impersonation_and_stages() -> None:
    """Who asked and as whom are told apart; before there is a response the outcome is unknown."""
    line = audit(PERSON, "get", "shop/pods", impersonatedUser={"username": "system:admin"}, responseStatus=None)
    fields = parsed(line).fields
    assert (fields["user.name"], fields["user.effective.name"]) == (PERSON, "system:admin")
    assert fields["event.outcome"] == "unknown"


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3), max_leaves=8
    )
)
def test_never_raises(value: Any) -> None:
    """Whatever stands in the places that are asked about, the line is read."""
    line = audit(PERSON, "get", "shop/pods", sourceIPs=value, requestObject={"hostPath": value}, user=value)
    assert KubernetesAudit().parse(line, CONTEXT) is not None


def test_a_deep_or_wide_object_is_bounded() -> None:
    """What a client sends costs no more than its length."""
    deep: Any = True
    for _ in range(900):
        deep = {"hostPID": deep}
    wide = [{"privileged": True}] * 50_000
    assert "kubernetes.host" not in parsed(audit(PERSON, "create", "shop/pods", requestObject=deep)).fields
    assert parsed(audit(PERSON, "create", "shop/pods", requestObject={"a": wide})).fields["kubernetes.host"]
