"""Files that only pretend to be photos, or are too much: refused soon, in little memory, with a sentence."""

import resource
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from portraits import encoded, portrait

from onecard.people.photos import process
from onecard.people.photos.model import Trouble
from onecard.people.photos.process import PhotoError, prepare

FIT = encoded(portrait())
PNG = encoded(portrait(), "PNG")
SECONDS, MEGABYTES = 2.0, 200


def _png_with(text: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", text)
    return encoded(portrait(), "PNG", pnginfo=info)


HOSTILE: dict[str, tuple[bytes, Trouble]] = {
    "empty": (b"", Trouble.EMPTY),
    "text": (b"hello", Trouble.WRONG_KIND),
    "gif": (encoded(portrait(), "GIF"), Trouble.WRONG_KIND),
    "bmp": (encoded(portrait().resize((300, 400)), "BMP"), Trouble.WRONG_KIND),
    "tiff": (encoded(portrait().resize((300, 400)), "TIFF"), Trouble.WRONG_KIND),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', Trouble.WRONG_KIND),
    "11 MB": (b"\xff\xd8\xff" + bytes(11 << 20), Trouble.TOO_BIG),
    "bomb png": (encoded(Image.new("L", (20_000, 5_000)), "PNG"), Trouble.TOO_MANY_PIXELS),
    "bomb jpeg": (encoded(Image.new("L", (20_000, 5_000))), Trouble.TOO_MANY_PIXELS),
    "stamp": (encoded(portrait((90, 120), (45, 50), 20)), Trouble.TOO_SMALL),
    "zip behind": (FIT + b"PK\x03\x04 rest of an archive", Trouble.SOMETHING_ELSE),
    "zip behind png": (PNG + b"PK\x03\x04 rest of an archive", Trouble.SOMETHING_ELSE),
    "page in comment": (encoded(portrait(), comment=b"<script>alert(1)</script>"), Trouble.SOMETHING_ELSE),
    "page in png": (_png_with("<HTML><body>"), Trouble.SOMETHING_ELSE),
    "program in png": (_png_with("<?php system($_GET['c']);"), Trouble.SOMETHING_ELSE),
    "cut jpeg": (FIT[: len(FIT) // 2], Trouble.DAMAGED),
    "cut png": (PNG[: len(PNG) // 2], Trouble.DAMAGED),
    "only a head": (FIT[:20], Trouble.DAMAGED),
    "torn png": (PNG[:100] + b"\0\0" + PNG[102:], Trouble.DAMAGED),
}


@pytest.mark.parametrize(("data", "trouble"), HOSTILE.values(), ids=HOSTILE)
async def test_it_is_refused_with_a_sentence(data: bytes, trouble: Trouble) -> None:
    began = _seconds_of_work()
    with pytest.raises(PhotoError) as refused:
        await prepare(data)
    assert (refused.value.trouble, _seconds_of_work() - began < SECONDS) == (trouble, True)
    assert refused.value.in_language("zh-CN").endswith("。")


def _bomb_of_text() -> bytes:
    """A compressed text that would unpack to 512 MB."""
    packed = zlib.compressobj(9)
    body = b"Comment\0\0" + b"".join(packed.compress(bytes(1 << 20)) for _ in range(512)) + packed.flush()
    chunk = len(body).to_bytes(4) + b"zTXt" + body + zlib.crc32(b"zTXt" + body).to_bytes(4)
    return PNG[:33] + chunk + PNG[33:]


@pytest.mark.parametrize(
    "data",
    [
        HOSTILE["bomb png"][0],
        HOSTILE["bomb jpeg"][0],
        _bomb_of_text(),
        encoded(Image.new("RGBA", (4_800, 4_900)), "PNG"),
        encoded(Image.new("RGB", (4_800, 4_900)), progressive=True, subsampling=0),
    ],
    ids=["png", "jpeg", "text", "alpha", "progressive"],
)
def test_the_worker_stays_small(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(data)
    began = _seconds_of_work()
    assert _peak_megabytes(path) <= MEGABYTES
    assert _seconds_of_work() - began < SECONDS


def _seconds_of_work() -> float:
    """Of this process and all that it has started and seen end: others make time longer, but not work."""
    usage = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usage)


def _peak_megabytes(path: Path) -> int:
    """Of the worker alone: started by a small process, whose own peak is not this test's."""
    code = (
        "import os, resource, sys\n"
        "child = os.posix_spawn(sys.argv[1], sys.argv[1:], {'OPENBLAS_NUM_THREADS': '1'})\n"
        "os.waitpid(child, 0)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)"
    )
    worker = [sys.executable, "-I", "-m", "onecard.people.photos.worker"]
    with path.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-c", code, *worker], stdin=file, capture_output=True, check=True
        )
    return int(done.stderr.split()[-1]) >> 10


async def test_a_worker_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "WALL_TIME_S", 0.001)
    with pytest.raises(PhotoError) as refused:
        await prepare(FIT)
    assert refused.value.trouble is Trouble.TOO_MUCH
