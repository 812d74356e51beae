"""The store's page says of each table what bounds it."""

from pathlib import Path

import re2

from store.tables import METADATA

PAGE = Path(__file__).parents[2] / "docs/explanation/store.md"


def test_each_table_has_its_bound() -> None:
    """A new table cannot be added without saying what keeps it from growing for ever; none is told of that is gone."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("### What bounds each table\n")
    rows = [line for line in rest.partition("\n### ")[0].splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re2.findall(r"`([a-z_]+)`", row.split("|")[1])}
    assert named == set(METADATA.tables)
