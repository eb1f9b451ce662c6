"""Cards on a PC/SC reader: insertion sessions through a real pcscd."""

import time
from contextlib import closing

import pytest
from cast import AFTER, CARD, MASTERS, SITE, issued
from desk_with_reader import PATIENCE_S, DeskWithReader
from player import purse, raw, slots

from onecard.agent.pcsc.slot import PcscSlot
from onecard.cards.classic.geometry import TRANSPORT_KEY, Size
from onecard.cards.insertion import GET_UID, Insertions
from onecard.cards.keys import KeyType, Role
from onecard.cards.oc1.changes import Change, Verdict, plan_change, resolve
from onecard.cards.oc1.layout import Place
from onecard.cards.oc1.records import EMPTY, Purse
from onecard.cards.oc1.scripts import CardKeys, change_purse, read_slots
from onecard.cards.oc1.slots import current
from onecard.cards.reader import ReaderError, Trouble
from onecard.cards.steps import Authenticate, CheckUid, Dialect, Exchange, Read, Write
from onecard.cards.virtual.chip import Chip, new_chip
from onecard.cards.virtual.reader import atr
from onecard.cards.virtual.tear import Tear, Torn
from onecard.sim.pcscd.daemon import VirtualPcscd

KEYS = CardKeys(MASTERS, SITE, CARD)
PLACE = Place(2, Role.CONSUMPTION)
MAC = KEYS.mac(Role.CONSUMPTION)
OTHER_UID = bytes.fromhex("DEADBEEF")
MANUFACTURER_BLOCK = [Authenticate(0, KeyType.A, TRANSPORT_KEY), Read(0)]


def oc1_card() -> Chip:
    return Chip(bytes(issued()))


def top_up_of(chip: Chip) -> Change:
    now = purse(chip, KEYS)
    assert now
    return plan_change(now, role=Role.CONSUMPTION, cash_fen=5000)


@pytest.mark.parametrize(("size", "uid"), [(Size.K1, CARD.uid), (Size.K4, bytes.fromhex("04A1B2C3D4E5F6"))])
def test_a_blank_card_is_seen_and_read(desk: DeskWithReader, size: Size, uid: bytes) -> None:
    assert desk.insertions.present() is None
    chip = new_chip(uid, size)
    present = desk.lay_on(chip)
    assert (present.uid, present.atr, present.dialect) == (uid, atr(size), Dialect.ACS)
    ran = desk.run(present.session, MANUFACTURER_BLOCK)
    assert ran.complete
    assert ran.answers[-1][:-2] == chip.dump()[:16]
    assert desk.insertions.present() == present, "the session is the same as long as the card lies there"


def test_a_purse_is_read_and_changed(desk: DeskWithReader) -> None:
    chip = oc1_card()
    change = top_up_of(chip)
    session = desk.lay_on(chip).session
    read = desk.run(session, read_slots(KEYS, (PLACE,)))
    found = current(Purse, (read.answers[-2][:-2], read.answers[-1][:-2]), role=PLACE.role, mac_key=MAC)
    assert found
    assert found.record == AFTER
    assert desk.run(session, change_purse(KEYS, PLACE, change, EMPTY)).complete
    assert raw(chip, PLACE.sector, change.slot) == change.image(MAC)


@pytest.mark.parametrize("how", [Torn.FULL, Torn.HALF])
def test_a_card_pulled_in_a_write_is_in_doubt_until_it_is_read_again(desk: DeskWithReader, how: Torn) -> None:
    chip = oc1_card()
    change = top_up_of(chip)
    session = desk.lay_on(chip).session
    chip.tear = Tear(chip.writes + 1, how)  # the log is written first
    ran = desk.run(session, change_purse(KEYS, PLACE, change, EMPTY))
    assert ran.trouble is Trouble.PULLED
    assert desk.insertions.present() is None
    desk.gone()
    again = desk.lay_on(chip)
    assert again.session != session
    read = desk.run(again.session, read_slots(KEYS, (PLACE,)))
    finding = resolve(change, (read.answers[-2][:-2], read.answers[-1][:-2]), MAC)
    assert finding.verdict is (Verdict.CONFIRMED if how is Torn.FULL else Verdict.VOID)


def test_a_card_pulled_between_two_commands(desk: DeskWithReader) -> None:
    chip = oc1_card()
    session = desk.lay_on(chip).session
    desk.cradle.reader.pull_before = desk.cradle.reader.apdus + 2
    ran = desk.run(session, read_slots(KEYS, (PLACE,)))
    assert (len(ran.answers), ran.trouble) == (2, Trouble.PULLED)
    assert desk.run(session, MANUFACTURER_BLOCK).trouble is Trouble.STALE


def test_an_answer_of_no_bytes_is_told_as_such(desk: DeskWithReader) -> None:
    desk.lay_on(oc1_card())
    desk.cradle.reader.pull_before = desk.cradle.reader.apdus
    assert desk.slot.transmit(GET_UID) == b""


def test_a_card_in_the_place_of_another_is_never_written(desk: DeskWithReader) -> None:
    """Faster than pcscd looks: the same connection goes on working, on the other card."""
    chip, other = oc1_card(), Chip(bytes(issued()))
    session = desk.lay_on(chip).session
    memory = bytearray(other.dump())
    memory[:5] = OTHER_UID + bytes([0xDE ^ 0xAD ^ 0xBE ^ 0xEF])
    other = Chip(bytes(memory))
    desk.cradle.insert(other)
    ran = desk.run(session, change_purse(KEYS, PLACE, top_up_of(chip), EMPTY))
    assert ran.trouble is Trouble.MISMATCH
    assert other.dump() == bytes(memory), "its keys would even have fitted"
    present = desk.seen()
    assert (present.uid, present.session == session) == (OTHER_UID, False)
    assert desk.run(session, MANUFACTURER_BLOCK).trouble is Trouble.STALE


def test_a_card_exchanged_within_a_look_of_pcscd(desk: DeskWithReader) -> None:
    """With a gap on the wire: the connection breaks, heals, and would work on the other card."""
    chip, other = oc1_card(), new_chip(OTHER_UID)
    session = desk.lay_on(chip).session
    memory = other.dump()
    desk.cradle.remove()
    assert desk.slot.transmit(GET_UID) == b"", "the socket is closed by this"
    desk.cradle.insert(other)
    ran = desk.run(session, [CheckUid(CARD.uid), *MANUFACTURER_BLOCK, Write(4, bytes(16))])
    assert ran.trouble in {Trouble.PULLED, Trouble.MISMATCH}
    assert desk.seen().uid == OTHER_UID, "pcscd is not wedged"
    assert other.dump() == memory


def test_a_card_taken_away(desk: DeskWithReader) -> None:
    session = desk.lay_on(oc1_card()).session
    desk.cradle.remove()
    assert desk.watch.wait(PATIENCE_S)
    desk.gone()
    assert desk.run(session, MANUFACTURER_BLOCK).trouble is Trouble.PULLED
    assert desk.insertions.present() is None


@pytest.mark.parametrize("known", [True, False])
def test_a_card_lifted_for_a_moment_is_seen_again(desk: DeskWithReader, *, known: bool) -> None:
    """Whoever resets the empty place makes pcscd blind for the card that comes back before its next look."""
    chip = new_chip(CARD.uid)
    desk.cradle.insert(chip)
    while desk.slot.atr() is None:
        desk.watch.wait(1.0)
    if known:
        desk.seen()
    desk.cradle.remove()
    assert desk.insertions.present() is None
    desk.lay_on(chip)


def test_a_refused_key_does_not_end_the_session(desk: DeskWithReader) -> None:
    session = desk.lay_on(new_chip(CARD.uid)).session
    wrong = desk.run(session, [Authenticate(0, KeyType.A, bytes(6)), Read(0)])
    assert wrong.trouble is Trouble.MISMATCH
    assert desk.run(session, MANUFACTURER_BLOCK).complete, "the card was selected again"


def test_what_is_not_on_the_list_does_not_reach_the_card(desk: DeskWithReader) -> None:
    session = desk.lay_on(new_chip(CARD.uid)).session
    before = desk.cradle.reader.apdus
    escape = Exchange(bytes.fromhex("FF00400004 01000101"))
    assert desk.insertions.run(session, [Exchange(GET_UID), escape]).trouble is Trouble.REFUSED
    assert desk.cradle.reader.apdus == before


def test_two_slots_at_once(pcscd: VirtualPcscd, desk: DeskWithReader) -> None:
    assert desk.watch.readers() == pcscd.readers
    old, new = oc1_card(), new_chip(OTHER_UID)
    pcscd.cradles[1].insert(new)
    with closing(DeskWithReader(pcscd, 1)) as second:
        one, two = desk.lay_on(old), second.seen()
        assert (one.uid, two.uid) == (CARD.uid, OTHER_UID)
        ran = desk.run(one.session, read_slots(KEYS, (PLACE,)))
        assert ran.answers[-1][:-2] == slots(old, KEYS, PLACE)[1]
        assert second.run(two.session, MANUFACTURER_BLOCK).complete


def test_a_reader_in_use_by_another_program_is_not_ours(pcscd: VirtualPcscd, desk: DeskWithReader) -> None:
    desk.lay_on(oc1_card())
    second = Insertions(PcscSlot(pcscd.readers[0]))
    with pytest.raises(ReaderError) as error:
        second.present()
    assert error.value.trouble is Trouble.NO_READER
    assert desk.insertions.present()


def test_pcscd_dies_and_comes_back(pcscd: VirtualPcscd, desk: DeskWithReader) -> None:
    session = desk.lay_on(oc1_card()).session
    desk.watch.wait(0.0)
    pcscd.kill()
    assert desk.run(session, MANUFACTURER_BLOCK).trouble is Trouble.NO_READER
    with pytest.raises(ReaderError) as error:
        desk.insertions.present()
    assert error.value.trouble is Trouble.NO_READER
    assert desk.watch.wait(PATIENCE_S)
    assert (desk.watch.readers(), desk.watch.fault) == ((), "The PC/SC service does not run.")
    assert not desk.watch.wait(0.1)
    pcscd.start()
    assert desk.watch.wait(PATIENCE_S)
    assert (desk.watch.readers(), desk.watch.fault) == (pcscd.readers, None)
    assert desk.seen().session != session


def test_commands_are_not_slowed_down_on_their_way(desk: DeskWithReader) -> None:
    """Without quick acknowledgements a command takes 44 ms instead of a tenth of one, all but the first few.

    A busy machine slows many down, but not most of them by that much.
    """
    desk.lay_on(oc1_card())
    durations = []
    for _ in range(200):
        begun = time.perf_counter()
        desk.slot.transmit(GET_UID)
        durations.append(time.perf_counter() - begun)
    assert sorted(durations)[50] < 0.02
