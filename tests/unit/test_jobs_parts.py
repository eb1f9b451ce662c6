"""What of jobs needs no server: stored texts, progress, which of the library's migrations are newer."""

from importlib.metadata import distribution
from pathlib import Path

import pytest

from onecard.base.jobs import queue_schema, wording
from onecard.base.texts import Text, say, say_count, say_in

LIBRARY = Path(str(distribution("procrastinate").locate_file("procrastinate/sql")))


@pytest.mark.parametrize(
    "text",
    [
        say("There is no job {id}.", id=7),
        say("Check of {file}", file='{id} "王".xlsx'),
        say_count(3, "{count} row exported.", "{count} rows exported."),
        say_in("job", "Done"),
        say("{done} {count} wrong rows were left out.", done=say_in("job", "Done"), count=2),
    ],
)
def test_a_stored_text_reads_the_same_in_both_languages(text: Text) -> None:
    again = wording.load(wording.dump(text))
    assert again is not None
    for language in ("zh-CN", "en"):
        assert again.read(language) == text.read(language)


def test_plain_sentences_are_stored_as_they_are() -> None:
    again = wording.load(wording.dump("50 % of {nothing} {0}"))
    assert (str(again), wording.load(None), wording.dump(None)) == ("50 % of {nothing} {0}", None, None)


def test_newer_migrations_of_the_library_are_found_in_order() -> None:
    names = [file.name for file in queue_schema._newer(LIBRARY, "3.2.9")]
    assert names == sorted(names)
    assert names[0].startswith("03.03.00")
    assert not any(name.startswith("03.02") for name in names)
    assert queue_schema._newer(LIBRARY, distribution("procrastinate").version) == []
