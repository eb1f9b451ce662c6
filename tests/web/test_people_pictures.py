"""Photos and consents over HTTP: taken, judged, refused, shown to whom, kept by browsers."""

from typing import Any

import httpx
import pytest
from console_people import CHILD, DIALOG, PATH, Enter, add
from PIL import Image
from portraits import encoded, portrait
from stage import Stage

FIT, BLANK = encoded(portrait()), encoded(Image.new("RGB", (900, 1200), (90, 140, 90)))


def put(client: httpx.Client, key: int, content: bytes, slot: int = 1, **more: Any) -> httpx.Response:
    files = {"photo": ("photo.jpg", content, "image/jpeg")}
    return client.post(f"{PATH}/{key}/photos/{slot}", files=files, headers=DIALOG, **more)


def test_a_photo_is_taken_judged_shown_and_deleted(stage: Stage, enter: Enter) -> None:
    key, admin = add(stage, "4001", "孙一"), enter("admin")
    assert put(admin, key, FIT).status_code == 204
    warned = put(admin, key, BLANK, slot=2)
    assert "不适合人脸机使用" in warned.text
    assert "没有找到人脸" in warned.text
    page = admin.get(f"{PATH}/{key}").text
    assert "适合人脸机使用。" in page
    assert f"/people/photos/{key}/2?v=" in page
    assert admin.post(f"{PATH}/{key}/photos/2/delete", headers=DIALOG).status_code == 204
    assert admin.get(f"/people/photos/{key}/2").status_code == 404


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "请选择照片"), (b"MZ" + bytes(900), "JPEG"), (FIT[:400], "损坏"), (FIT + b"<script>", "其他内容")],
)
def test_a_file_that_is_no_photo_is_refused_in_words(
    stage: Stage, enter: Enter, content: bytes, words: str
) -> None:
    key, admin = add(stage, f"41{len(content)}", "孙二"), enter("admin")
    answer = put(admin, key, content)
    assert answer.status_code == 422
    assert words in answer.text
    assert admin.get(f"/people/photos/{key}/1").status_code == 404


def test_photos_are_small_in_lists_and_kept_by_the_browser(stage: Stage, enter: Enter) -> None:
    key, admin = add(stage, "4200", "孙三"), enter("admin")
    put(admin, key, FIT)
    row = admin.get(f"{PATH}?q=4200").text
    href = row.split('<img class="face" src="')[1].split('"')[0].replace("&amp;", "&")
    small = admin.get(href)
    assert small.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert len(small.content) < 8000
    again = admin.get(href, headers={"if-none-match": small.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = admin.get(f"/people/photos/{key}/1")
    assert plain.headers["cache-control"] == "private, no-cache"
    assert len(small.content) < len(plain.content) <= 200 * 1024


def test_photos_are_for_who_may_see_them(stage: Stage, enter: Enter) -> None:
    key = add(stage, "4300", "孙四")
    put(enter("admin"), key, FIT)
    assert enter("clerk").get(f"/people/photos/{key}/1").status_code == 403
    assert enter("stranger").get(f"/people/photos/{key}/1").status_code == 404
    assert "/people/photos/" not in enter("clerk").get(f"{PATH}?q=4300").text
    assert "/people/photos/" not in enter("clerk").get(f"{PATH}/{key}").text
    assert put(enter("clerk"), key, FIT).status_code == 403
    assert put(enter("stranger"), key, FIT).status_code == 404


def test_a_guardian_consents_for_a_child_and_withdraws(stage: Stage, enter: Enter) -> None:
    key, admin = add(stage, "4400", "孙五", id_number=CHILD), enter("admin")
    put(admin, key, FIT)
    form = {"given_by": "person", "giver": "孙五", "text_version": "2026-09"}
    refused = admin.post(f"{PATH}/{key}/consent", data=form, headers=DIALOG)
    assert refused.status_code == 422
    assert "监护人" in refused.text
    given = form | {"given_by": "guardian", "giver": "孙母"}
    assert admin.post(f"{PATH}/{key}/consent", data=given, headers=DIALOG).status_code == 204
    page = admin.get(f"{PATH}/{key}").text
    assert "孙母（监护人），告知书 2026-09" in page
    assert "人脸机使用中" in page
    assert admin.post(f"{PATH}/{key}/withdraw-consent", headers=DIALOG).status_code == 204
    assert "人脸机使用中" not in admin.get(f"{PATH}/{key}").text
    assert enter("clerk").post(f"{PATH}/{key}/consent", data=form, headers=DIALOG).status_code == 403
