"""What a process makes at its start and keeps to its end: modules, compiled rules."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def lasting() -> Iterator[None]:
    """Look for no garbage among what is made meanwhile, now or later.

    Hundreds of thousands of objects are made at a start, and nearly all of them stay: to look through them again and
    again takes a sixth of its time, and each later look would stop the process for as long.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
