"""Makers are told by the names of their readers."""

from contextlib import closing

import pytest
from desk_with_reader import DeskWithReader

from onecard.agent.pcsc.profiles import STANDARD, profile_of, takes_cards
from onecard.agent.pcsc.slot import PcscSlot
from onecard.cards.classic.geometry import TRANSPORT_KEY
from onecard.cards.keys import KeyType
from onecard.cards.steps import Authenticate, Dialect, Read
from onecard.cards.virtual.chip import new_chip
from onecard.sim.pcscd.daemon import VirtualPcscd

UID = bytes.fromhex("01A062BD")


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("ACS ACR122U PICC Interface 00 00", Dialect.ACS),
        ("ACS ACR1252 Dual Reader [ACR1252 Dual Reader PICC] 00 00", Dialect.ACS),
        ("ACS ACR1252 1S CL Reader PICC 0", Dialect.ACS),
        ("HID Global OMNIKEY 5022 Smart Card Reader 0", Dialect.OMNIKEY),
        ("HID OMNIKEY 5427 CK", Dialect.OMNIKEY),
        ("OMNIKEY CardMan 5x21-CL 0", Dialect.OMNIKEY),
        ("Identiv uTrust 3720 Contactless Reader [CCID Interface] 00 00", Dialect.IDENTIV),
        ("Identive CLOUD 4700 F Contactless Reader 0", Dialect.IDENTIV),
        ("SCM Microsystems Inc. SCL3711-NFC&RW 00 00", Dialect.IDENTIV),
        ("Somebody's Reader", STANDARD.dialect),
    ],
)
def test_names_of_makers(name: str, dialect: Dialect) -> None:
    assert profile_of(name).dialect is dialect
    assert PcscSlot(name).dialect is dialect
    assert PcscSlot(name, dialect=Dialect.OMNIKEY).dialect is Dialect.OMNIKEY, "whoever knows better decides"


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("ACS ACR1252 1S CL Reader PICC 0", True),
        ("ACS ACR1252 1S CL Reader SAM 0", False),
        ("ACS ACR1252 Dual Reader [ACR1252 Dual Reader SAM] 00 01", False),
        ("Windows Hello for Business 1", False),
        ("Samsung Reader", True),
    ],
)
def test_places_that_take_no_cards(name: str, takes: bool) -> None:  # noqa: FBT001  a column of the table
    assert takes_cards(name) is takes


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("HID Global OMNIKEY 5022 Smart Card Reader", Dialect.OMNIKEY),
        ("Identiv uTrust 3720", Dialect.IDENTIV),
        ("ACS ACR122U PICC Interface", Dialect.ACS),
    ],
)
@pytest.mark.usefixtures("installed")
def test_a_reader_is_spoken_to_as_its_name_says(name: str, dialect: Dialect) -> None:
    with VirtualPcscd(name, dialect) as pcscd, closing(DeskWithReader(pcscd)) as desk:
        session = desk.lay_on(new_chip(UID)).session
        assert desk.run(session, [Authenticate(0, KeyType.B, TRANSPORT_KEY)]).trouble is None
        ran = desk.run(session, [Authenticate(0, KeyType.A, TRANSPORT_KEY), Read(0)])
        assert ran.answers[-1][:4] == UID


@pytest.mark.usefixtures("installed")
def test_only_readers_known_to_beep_are_told_to() -> None:
    for name, beeps in (("ACS ACR122U PICC Interface", 2), ("Identiv uTrust 3720", 0)):
        with VirtualPcscd(name) as pcscd, closing(DeskWithReader(pcscd)) as desk:
            desk.slot.signal(good=True)
            session = desk.lay_on(new_chip(UID)).session
            before = desk.cradle.reader.apdus
            desk.slot.signal(good=True)
            desk.slot.signal(good=False)
            assert desk.cradle.reader.apdus == before + beeps
            assert desk.insertions.present().session == session
