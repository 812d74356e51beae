"""What a process keeps to its end is not looked through for garbage."""

import gc

import pytest

from detector.lasting import lasting


@pytest.fixture(autouse=True)
def _tidy() -> None:
    """What is garbage already is not kept for ever, and what the tests keep for ever stays so."""
    gc.collect()


def test_what_is_made_meanwhile_is_not_looked_through() -> None:
    """While it is made nor later; what comes afterwards is."""
    with lasting():
        assert not gc.isenabled()
        kept: list[object] = [[]]
    later: list[object] = [[]]
    assert gc.isenabled()
    looked_through = {id(one) for one in gc.get_objects()}
    assert (id(kept) in looked_through, id(later) in looked_through) == (False, True)


def test_a_start_that_fails_leaves_it_as_it_was() -> None:
    """Whoever goes on after an error has his garbage collected."""
    with pytest.raises(ImportError), lasting():
        raise ImportError
    assert gc.isenabled()
