"""Waiting for cards and readers: woken by what a desk wants to know, and by nothing else."""

import os
import subprocess
import sys
import threading

from desk_with_reader import PATIENCE_S, DeskWithReader

from onecard.agent.pcsc.watch import ReaderWatch
from onecard.cards.virtual.chip import new_chip

CHIP = new_chip(bytes.fromhex("01A062BD"))
WITHOUT_LIBRARY = """
from onecard.agent.pcsc import winscard
winscard._FILE = "libnone.so"
from onecard.agent.pcsc.watch import ReaderWatch
watch = ReaderWatch()
print(watch.readers(), watch.wait(0.01), watch.fault)
"""


def test_a_card_wakes_and_our_own_work_does_not(desk: DeskWithReader) -> None:
    assert desk.watch.wait(0.0), "the first call tells what there is"
    desk.cradle.insert(CHIP)
    assert desk.watch.wait(PATIENCE_S)
    assert desk.insertions.present()
    desk.insertions.end()
    assert desk.insertions.present()
    assert not desk.watch.wait(0.5)
    desk.cradle.remove()
    assert desk.watch.wait(PATIENCE_S)


def test_a_change_between_two_waits_is_not_missed(desk: DeskWithReader) -> None:
    desk.lay_on(CHIP)
    watch = ReaderWatch()
    assert watch.wait(0.0)
    desk.cradle.remove()
    desk.gone()
    desk.lay_on(CHIP)
    assert watch.wait(0.0), "a card again, but not the same insertion"
    assert not watch.wait(0.0)
    watch.close()


def test_another_thread_ends_a_wait(desk: DeskWithReader) -> None:
    assert desk.watch.wait(0.0)
    stopping = threading.Event()

    def cancel() -> None:
        while not stopping.wait(0.05):
            desk.watch.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        assert desk.watch.wait(PATIENCE_S), "nothing else happens, so by itself it would say so"
    finally:
        stopping.set()
        thread.join()


def test_without_a_service_there_are_no_readers() -> None:
    script = "from onecard.agent.pcsc.watch import ReaderWatch as W; w = W(); print(w.readers(), w.fault)"
    nowhere = os.environ | {"PCSCLITE_CSOCK_NAME": "/nonexistent"}
    printed = subprocess.run(
        [sys.executable, "-c", script], env=nowhere, capture_output=True, text=True, check=True
    )
    assert printed.stdout.startswith("() ")
    assert "PC/SC" in printed.stdout


def test_a_computer_without_pcsc() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", WITHOUT_LIBRARY], capture_output=True, text=True, check=True
    ).stdout
    assert printed == (
        "() False This computer has no PC/SC; on Debian install the packages pcscd and libccid.\n"
    )


def test_a_watch_can_be_used_again(desk: DeskWithReader) -> None:
    watch = ReaderWatch()
    names = watch.readers()
    watch.close()
    assert watch.readers() == names
    watch.close()
