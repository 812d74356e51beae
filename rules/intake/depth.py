"""How deeply JSON is nested, told before anything is built of it: in time that grows with its length alone. Pure."""

from typing import Final

#: No sender that we know goes beyond 10.
DEEPEST: Final = 32
_BRACKETS: Final = b"{}[]"
_OTHERS: Final = bytes(set(range(256)) - set(_BRACKETS))


def is_too_deep(body: bytes, deepest: int = DEEPEST) -> bool:
    """Whether *body* is nested deeper than *deepest*; what is no JSON may be told as either."""
    if body.count(b"{") + body.count(b"[") <= deepest:
        return False
    outside = b"".join(body.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    brackets = outside.translate(None, _OTHERS)
    for _ in range(deepest):  # each turn takes the innermost level away
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if not brackets:
            return False
    return True
