"""Everything that one web server writes, for streams that hold its access and its error log (a container's output)."""

from rules.formats.format import Context, Format, Parsed


class ServerLogs:
    """Several formats of one program, the first that takes a line reads it.

    Args:
        name: What a configuration calls it.
        formats: The strict ones first.
    """

    strictness = 70

    def __init__(self, name: str, formats: tuple[Format, ...]) -> None:
        self._name = name
        self._formats = formats

    @property
    def name(self) -> str:
        """What a configuration calls it."""
        return self._name

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read a line of any of them."""
        for one in self._formats:
            parsed = one.parse(line, context)
            if parsed is not None:
                return parsed
        return None
