"""What a question to a name server is about, under the same names whoever saw it: Sigma's and ours."""

from typing import Any

#: Labels under which countries let people register names: a name below one has three labels.
SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "gob", "gov", "gv", "mil", "ne", "net", "nom", "or", "org"})
LONGEST_NAME = 255  #: characters that a name may have (RFC 1035, section 2.3.4)


def put_question(fields: dict[str, Any], name: Any, kind: Any, code: Any) -> None:
    """Add what was asked and answered, as far as it is text.

    Args:
        name: The name asked for.
        kind: The type of record asked for: A, TXT, …
        code: The response code by name: NOERROR, NXDOMAIN, …
    """
    if isinstance(name, str) and name:
        fields["query"] = name
        fields["dns.question.registered_domain"] = registered_domain(name)
    if isinstance(kind, str) and kind:
        fields["record_type"] = kind
    if isinstance(code, str) and code:
        fields["dns.response_code"] = code


def registered_domain(name: str) -> str:
    """The part of *name* that somebody registered, as its labels let us guess: ``a.b.example.co.uk`` -> example.co.uk.

    Under a country's own second level three labels, else two; no list of public suffixes is asked.
    """
    labels = name[-LONGEST_NAME:].rstrip(".").lower().split(".")
    three = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in SECOND_LEVEL
    return ".".join(labels[-3 if three else -2 :])
