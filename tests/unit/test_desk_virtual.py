"""Virtual cards in files: the file is the chip at every moment, a directory is a stack of cards."""

from pathlib import Path

import pytest

from onecard.base.errors import OneCardError, UnavailableError
from onecard.cards.classic.geometry import TRANSPORT_KEY, Size
from onecard.cards.insertion import GET_UID
from onecard.cards.keys import KeyType
from onecard.cards.reader import SlotError, Trouble
from onecard.cards.steps import OK, Authenticate, CheckUid, Dialect, Write, exchanges
from onecard.cards.virtual.chip import Make
from onecard.cards.virtual.slot import LocalReader
from onecard.cards.virtual.tear import Torn
from onecard.cli.desk_virtual import Accident, FileSlot, card_files, lay_new_card, load_card

UID, BLOCK, FULL = bytes.fromhex("01A062BD"), 4, b"\x11" * 16
WRITES = list(
    exchanges([CheckUid(UID), Authenticate(1, KeyType.A, TRANSPORT_KEY), Write(BLOCK, FULL)], Dialect.ACS)
)


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "a.bin"
    lay_new_card(path, UID, Size.K1, Make.GENUINE)
    return path


def _block(path: Path) -> bytes:
    return path.read_bytes()[BLOCK * 16 : BLOCK * 16 + 16]


def test_a_write_is_in_the_file_before_the_answer(card: Path) -> None:
    slot = FileSlot([card], Accident())
    for each in WRITES:
        assert slot.transmit(each.apdu).endswith(OK)
    assert _block(card) == FULL
    assert card.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("tear", "left"), [("1:none", bytes(16)), ("1", FULL[:8] + bytes(8)), ("1:full", FULL)]
)
def test_a_torn_write_leaves_what_was_asked_for(card: Path, tear: str, left: bytes) -> None:
    slot = FileSlot([card], Accident.parse(None, tear))
    answers = [slot.transmit(each.apdu) for each in WRITES]
    assert (answers[-1], _block(card), slot.atr()) == (b"", left, None)


def test_a_card_is_pulled_before_a_command(card: Path) -> None:
    slot = FileSlot([card], Accident.parse(len(WRITES), None))
    assert [len(slot.transmit(each.apdu)) for each in WRITES][-1] == 0
    assert _block(card) == bytes(16)


def test_what_cannot_be_kept_has_not_happened(card: Path) -> None:
    slot = FileSlot([card], Accident())
    for each in WRITES[:-1]:
        slot.transmit(each.apdu)
    before = card.read_bytes()
    card.rename(card.with_name("moved"))
    card.mkdir()  # nothing can take its place
    with pytest.raises(SlotError) as error:
        slot.transmit(WRITES[-1].apdu)
    assert (error.value.trouble, slot.atr()) == (Trouble.PULLED, None)
    assert card.with_name("moved").read_bytes() == before


async def test_a_stack_goes_on_when_a_card_was_dealt_with(tmp_path: Path) -> None:
    for number in (1, 2):
        lay_new_card(tmp_path / f"{number}.bin", UID[:3] + bytes([number]), Size.K1, Make.GENUINE)
    reader = LocalReader(FileSlot(card_files(str(tmp_path)), Accident()))
    first = await reader.present()
    assert first
    assert [await reader.present() for _ in range(5)] == [first] * 5, "it has not been worked with yet"
    await reader.run(first.session, WRITES[:1])
    await reader.run(first.session, WRITES[1:2])
    seen = [each.uid[3] for each in [await reader.present() for _ in range(6)] if each]
    assert (seen[0], seen[-1]) == (1, 2)


def test_an_imitation_is_one_when_it_is_read_again(tmp_path: Path) -> None:
    for make in Make:
        lay_new_card(tmp_path / make.value, UID, Size.K4, make)
        found = load_card(tmp_path / make.value)
        assert (found.make, found.uid, found.size) == (make, UID, Size.K4)
    lay_new_card(tmp_path / "long", bytes(range(1, 8)), Size.K1, Make.CUID)
    assert (load_card(tmp_path / "long").uid, load_card(tmp_path / "long").make) == (
        bytes(range(1, 8)),
        Make.CUID,
    )


def test_wrong_files_and_accidents_are_sentences(card: Path, tmp_path: Path) -> None:
    with pytest.raises(OneCardError, match="not overwritten"):
        lay_new_card(card, UID, Size.K1, Make.GENUINE)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnavailableError, match="no card"):
        card_files(str(tmp_path / "empty"))
    for wrong in ("", "0", "x", "1:most", "-1"):
        with pytest.raises(OneCardError, match="no torn write"):
            Accident.parse(None, wrong)
    assert Accident.parse(None, "2:zero") == Accident(tear=2, how=Torn.ZERO)
    assert FileSlot([card], Accident()).transmit(GET_UID) == UID + OK
