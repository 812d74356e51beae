"""Which fields the parsers put into events, read from their code, and which the reference names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = set(re.findall(r"`([^`\n]+)`", (ROOT / "docs" / "reference" / "events.md").read_text()))


def trees() -> Iterator[ast.AST]:
    for path in sorted((ROOT / "rules" / "formats").rglob("*.py")):
        yield from ast.walk(ast.parse(path.read_text()))


def texts(node: ast.AST) -> set[str]:
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def _is_fields(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "fields"


def either(node: ast.IfExp) -> set[str]:
    """What the expression may be; what it asks is no part of it."""
    return texts(node.body) | texts(node.orelse)


def put_fields() -> set[str]:
    """Names that the code puts into fields by writing them out."""
    found = set()
    for node in trees():
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and _is_fields(node.value):
            found |= texts(node.slice) if isinstance(node.slice, ast.Constant) else set()
            found |= either(node.slice) if isinstance(node.slice, ast.IfExp) else set()
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(map(_is_fields, targets)):
                found |= {text for key in node.value.keys if key is not None for text in texts(key)}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "setdefault":
            found |= (
                texts(node.args[0]) if _is_fields(node.func.value) and isinstance(node.args[0], ast.Constant) else set()
            )
    return found
