"""Zeek's logs as JSON lines. The path stands in ``_path`` (as streaming writers put it) or follows from the fields."""

from rules.formats.format import Context, Parsed
from rules.formats.network import zeek
from rules.formats.reading.json_object import decode, flatten, time_in


class ZeekJson:
    """Zeek as JSON lines."""

    name = "zeek-json"
    strictness = 94

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read an object with ``ts`` and one of ``_path``, ``uid`` with ``id.orig_h``, ``note``, ``fuid``."""
        if '"ts"' not in line:
            return None
        found = decode(line)
        if found is None:
            return None
        fields = flatten(found)
        stamp = time_in(fields, context, ("ts",))
        named = fields.get("_path")
        path = named if isinstance(named, str) else zeek.path_of(fields)
        ours = "id.orig_h" in fields if "uid" in fields else bool(path) and ("_path" in fields or "fuid" in fields)
        if stamp is None or not (ours or ("note" in fields and "msg" in fields)):
            return None
        return zeek.told(fields, path, line, stamp)
