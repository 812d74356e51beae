"""How long a soak test may take: its share of what `make soak` was given."""

import os

DEFAULT_SECONDS = 600.0


def soak_seconds(share: float) -> float:
    """The part of the budget that one test may use; all parts together make less than one."""
    return share * float(os.environ.get("TOCSIN_SOAK_SECONDS", DEFAULT_SECONDS))
