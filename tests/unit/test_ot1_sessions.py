"""What a gateway remembers of a terminal: replay window, repetitions, boots, announced stores."""

from hypothesis import given
from hypothesis import strategies as st

from onecard.base.status import Status
from onecard.devices.drivers.ot1.model import Request
from onecard.devices.model import Store
from onecard.gateway.sessions import KEPT, OLD_MS, WINDOW, Session

NOW = 1_800_000_000_000


def ask(
    session: Session, n: int, *, boot: int = 1, t: int = NOW, rid: str | None = None, content: int = 0
) -> object:
    return session.admit(Request(rid or f"{boot}-{n}", boot, n, t, "time"), content, NOW)


def test_numbers_count_up_and_may_overtake_within_the_window() -> None:
    session = Session()
    assert ask(session, 100) is Status.OK
    assert ask(session, 100 - WINDOW + 1) is Status.OK
    assert ask(session, 100 - WINDOW) is Status.REPLAYED
    assert ask(session, 100, rid="again") is Status.REPLAYED
    assert ask(session, 99) is Status.OK


@given(st.lists(st.integers(0, 200), max_size=200))
def test_the_window_agrees_with_a_plain_set(numbers: list[int]) -> None:
    session, seen, highest = Session(), set[int](), -1
    for at, n in enumerate(numbers):
        new = n not in seen and n > highest - WINDOW
        assert (ask(session, n, rid=str(at)) is Status.OK) == new
        seen.add(n)
        highest = max(highest, n)


def test_a_repetition_gets_the_first_answer() -> None:
    session = Session()
    assert ask(session, 1, rid="r", content=7) is Status.OK
    assert ask(session, 1, rid="r", content=7) == b""
    session.answered("r", b"answer")
    assert ask(session, 1, rid="r", content=7) == b"answer"
    assert ask(session, 1, rid="r", content=8) is Status.KEY_REUSED


def test_what_could_not_be_carried_out_may_come_again() -> None:
    session = Session()
    assert ask(session, 5) is Status.OK
    session.forget(Request("1-5", 1, 5, NOW, "time"))
    assert ask(session, 5) is Status.OK


def test_a_new_boot_begins_anew_and_an_old_one_is_a_replay() -> None:
    session = Session()
    assert ask(session, 50, boot=3) is Status.OK
    assert ask(session, 1, boot=4) is Status.OK
    assert ask(session, 51, boot=3) is Status.REPLAYED
    session.announce(2, None)
    assert ask(session, 1, boot=2) is Status.OK


def test_held_back_for_a_minute_whatever_the_clock_says() -> None:
    for wrong in (0, -5 * 365 * 24 * 3600 * 1000, 3600 * 1000):
        session = Session()
        assert ask(session, 1, t=NOW + wrong) is Status.OK
        assert ask(session, 2, t=NOW + wrong - OLD_MS) is Status.OK
        assert ask(session, 3, t=NOW + wrong - OLD_MS - 1) is Status.EXPIRED
        session.clock_set()
        assert ask(session, 4, t=NOW + wrong - OLD_MS - 1) is Status.OK


def test_stores_are_known_by_announcement_or_from_the_database() -> None:
    session = Session()
    session.read([Store(7, 10, current=False), Store(8, 20, current=True)])
    assert (session.current, session.stores) == (8, {7: 10, 8: 20})
    session.announce(1, 9)
    session.read([Store(8, 25, current=True)])
    session.acknowledged(7, 5)
    assert (session.current, session.stores) == (9, {7: 10, 8: 25, 9: 0})


def test_memory_is_bounded() -> None:
    session = Session()
    for n in range(1000):
        ask(session, n)
        session.remember_sale(1, n, "A1B2C3D4", n)
    assert len(session.sold) == len(session._asked) == KEPT
