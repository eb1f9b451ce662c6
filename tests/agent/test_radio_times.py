"""The virtual reader of a desk takes as long as a real one when it is asked to."""

import time
from pathlib import Path

from workplace import UID, script

from onecard.agent.virtual import CardOnReader, FileSlot
from onecard.cards.insertion import Insertions
from onecard.cards.keys import KeyType
from onecard.cards.steps import Authenticate, Dialect, Read
from onecard.cards.virtual.chip import RADIO, new_chip
from onecard.cards.virtual.dumps import write_dump


def seconds_to_read(directory: Path, *, radio: bool) -> float:
    write_dump(directory / "card.bin", new_chip(UID).dump())
    on_reader = CardOnReader(directory)
    on_reader.insert(directory / "card.bin")
    insertions = Insertions(FileSlot(on_reader, Dialect.ACS, radio=radio))
    begun = time.perf_counter()
    presence = insertions.present()
    assert presence is not None
    read = script(Authenticate(1, KeyType.A, b"\xff" * 6), Read(4), Read(5))
    assert insertions.run(presence.session, read).complete
    return time.perf_counter() - begun


def test_a_reader_with_radio_takes_the_time_of_the_data_sheet(tmp_path: Path) -> None:
    least_s = (RADIO.select + RADIO.authenticate + 2 * RADIO.read) / 1_000_000
    assert seconds_to_read(tmp_path, radio=True) >= least_s
    # a busy machine may take that long too, but not every time
    assert any(seconds_to_read(tmp_path, radio=False) < least_s for _ in range(100))
