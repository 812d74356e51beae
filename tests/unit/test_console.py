"""What the console says while the daemon runs."""

from io import StringIO

from detector.console import Console


def test_a_store_that_does_not_commit_is_told_once_and_when_it_goes_on() -> None:
    """However often it is tried: one line at the first refusal, one when it is over."""
    out = StringIO()
    console = Console(out)
    console.stored((), 0.01)
    for _ in range(14):
        console.store_failed(OSError("disk full"))
    console.stored((), 14.2)
    console.stored((), 0.01)
    assert out.getvalue().splitlines() == [
        "the store cannot commit: disk full; nothing is lost, reading goes on when it can",
        "the store commits again, after 14 s; nothing was lost",
    ]
