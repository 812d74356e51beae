"""One recipient's messages: the first at once, a storm as a digest, catching up as one message, nothing dropped."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifier.throttle import LONGEST_CATCH_UP, QUIET, WINDOW, Form, Held, Parcel, next_parcel
from store.notice import Delivery, DeliveryState, NoticeKind

NOW = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)
MOST = 5


def delivery(number: int, *, incident: int = 0, stale: bool = False, at: datetime = NOW) -> Delivery:
    return Delivery(
        id=number,
        notice=number,
        incident=incident or number,
        kind=NoticeKind.OPENED,
        receiver="ana",
        target=0,
        channel="json",
        person="ana",
        reason="route 1",
        state=DeliveryState.QUEUED,
        created_at=at,
        due_at=at,
        lease_until=None,
        attempts=0,
        resent=False,
        title="",
        body="",
        detail="",
        finished_at=None,
        stale=stale,
        breaks_through=False,
        matter="",
        noticed_at=at,
        until=None,
    )


def test_alone() -> None:
    """A single message goes out at once; nothing waiting is nothing to do."""
    one = delivery(1)
    assert next_parcel([one], [], most_per_minute=MOST, now=NOW) == Parcel(form=Form.SINGLE, deliveries=(one,))
    assert next_parcel([], [NOW], most_per_minute=MOST, now=NOW) is None


def test_one_incident_is_one_message() -> None:
    """What happened to one incident before its first message is told by that message."""
    first, other, second = delivery(1, incident=7), delivery(2, incident=8), delivery(3, incident=7)
    parcel = next_parcel([first, other, second], [], most_per_minute=MOST, now=NOW)
    assert parcel == Parcel(form=Form.SINGLE, deliveries=(first, second))


def test_storm() -> None:
    """Ten thousand at once are three single messages and one digest with the rest; a place is left."""
    waiting, sent, forms = [delivery(n) for n in range(1, 10_001)], list[datetime](), list[Form]()
    while isinstance(parcel := next_parcel(waiting, sent, most_per_minute=MOST, now=NOW), Parcel):
        sent.append(NOW)
        forms.append(parcel.form)
        gone = set(parcel.deliveries)
        waiting = [one for one in waiting if one not in gone]
    assert forms == [Form.SINGLE] * 3 + [Form.DIGEST]
    assert not waiting


def test_what_is_critical_goes_out_at_once() -> None:
    """It overtakes what waits, and has the last place of a minute for itself; then it waits, and goes as one."""
    used = [NOW] * (MOST - 1)
    waiting = [delivery(n) for n in range(1, 5)]
    assert next_parcel(waiting, used, most_per_minute=MOST, now=NOW, critical={3}) == Parcel(
        form=Form.SINGLE, deliveries=(waiting[2],)
    )
    assert next_parcel(waiting, used, most_per_minute=MOST, now=NOW, critical={3, 4}) == Parcel(
        form=Form.DIGEST, deliveries=tuple(waiting[2:])
    )
    assert next_parcel(waiting, used, most_per_minute=MOST, now=NOW) == Held(until=NOW + WINDOW)
    full = Held(until=NOW + WINDOW)
    assert next_parcel(waiting, [NOW] * MOST, most_per_minute=MOST, now=NOW, critical={3}) == full
    assert next_parcel(waiting, [], most_per_minute=1, now=NOW) == Parcel(form=Form.DIGEST, deliveries=tuple(waiting))


def test_letters_wait_for_what_asks() -> None:
    """They go one by one, after everything that is about an incident."""
    letters = [replace(delivery(n), incident=0, kind=NoticeKind.LETTER) for n in (1, 2)]
    page = delivery(3)
    first = next_parcel([*letters, page], [], most_per_minute=MOST, now=NOW)
    assert first == Parcel(form=Form.SINGLE, deliveries=(page,))
    then = next_parcel(letters, [NOW], most_per_minute=MOST, now=NOW)
    assert then == Parcel(form=Form.SINGLE, deliveries=(letters[0],))


def test_held() -> None:
    """With all places of the minute used, the rest waits until the oldest of them is a minute old."""
    sent = [NOW - timedelta(seconds=seconds) for seconds in (70, 50, 40, 30, 20, 10)]
    assert next_parcel([delivery(1)], sent, most_per_minute=MOST, now=NOW) == Held(
        until=NOW - timedelta(seconds=40) + WINDOW
    )


def test_catching_up() -> None:
    """Old news waits until it is complete, at most five minutes, and goes out as one; fresh news goes first."""
    old = [replace(delivery(n, stale=True), created_at=NOW + timedelta(seconds=n)) for n in (1, 5, 9)]
    ends_at = NOW + timedelta(seconds=9) + QUIET
    assert next_parcel(old, [], most_per_minute=MOST, now=NOW) == Held(until=ends_at)
    assert next_parcel(old, [], most_per_minute=MOST, now=ends_at) == Parcel(form=Form.CAUGHT_UP, deliveries=tuple(old))
    assert next_parcel(old[:1], [], most_per_minute=MOST, now=ends_at) == Parcel(
        form=Form.CAUGHT_UP, deliveries=tuple(old[:1])
    )
    late = [old[0], replace(old[1], created_at=NOW + timedelta(minutes=30))]
    assert isinstance(next_parcel(late, [], most_per_minute=MOST, now=NOW + LONGEST_CATCH_UP * 2), Parcel)
    fresh = delivery(20)
    assert next_parcel([*old, fresh], [], most_per_minute=MOST, now=NOW) == Parcel(
        form=Form.SINGLE, deliveries=(fresh,)
    )


@given(
    arrivals=st.lists(st.tuples(st.integers(0, 600), st.integers(1, 30), st.booleans()), max_size=60),
    most=st.integers(1, 6),
)
def test_never_more_and_never_less(arrivals: list[tuple[int, int, bool]], most: int) -> None:
    """However they arrive: at most so many messages in any minute, and each delivery goes out exactly once."""
    coming = [
        delivery(number, incident=incident, stale=stale, at=NOW + timedelta(seconds=second))
        for number, (second, incident, stale) in enumerate(sorted(arrivals), start=1)
    ]
    waiting, sent, out, now = list[Delivery](), list[datetime](), list[int](), NOW
    while coming or waiting:
        waiting += [one for one in coming if one.created_at <= now]
        coming = [one for one in coming if one.created_at > now]
        match next_parcel(waiting, sent, most_per_minute=most, now=now, critical=range(4)):
            case Parcel(deliveries=gone):
                sent.append(now)
                out += [one.id for one in gone]
                waiting = [one for one in waiting if one not in gone]
            case Held(until=until):
                assert until > now
                now = min([until, *(one.created_at for one in coming)])
            case None if coming:
                now = coming[0].created_at
    assert sorted(out) == list(range(1, len(arrivals) + 1))
    for moment in sent:
        assert sum(moment - WINDOW < other <= moment for other in sent) <= most
