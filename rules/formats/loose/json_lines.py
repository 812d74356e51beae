"""JSON lines of any program: one object per line, with the names that loggers commonly use normalised."""

from rules.formats.format import Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.json_object import decode, flatten, time_in
from rules.formats.taxonomy.known_names import normalise


class JsonLines:
    """Any JSON object. The stricter JSON formats are asked first."""

    name = "json"
    strictness = 40

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read an object with or without a time in it."""
        found = decode(line)
        if found is None:
            return None
        fields = flatten(found)
        stamp = time_in(fields, context)
        logsource = normalise(fields, line)
        return stamps.parsed(fields, logsource, stamp)
