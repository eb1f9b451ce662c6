"""Photos: upright, cropped, small, without metadata, judged; stored for whoever may see the person."""

import io

import pytest
from people_cast import School
from PIL import Image, ImageEnhance, ImageFilter
from portraits import encoded, portrait

from onecard.base.errors import NotFoundError, OneCardError
from onecard.people import leaving, persons
from onecard.people.photos import service as photos
from onecard.people.photos.model import PHOTO_MAX_BYTES, Finding, PhotoCheck
from onecard.people.photos.process import prepare

FIT = portrait()
TWO = Image.new("RGB", (1600, 1200))
TWO.paste(portrait((800, 1200), (400, 500)), (0, 0))
TWO.paste(portrait((800, 1200), (400, 500)), (800, 0))
LIGHT = ImageEnhance.Brightness(FIT)


@pytest.mark.parametrize(
    ("picture", "finding"),
    [
        (FIT, None),
        (TWO, Finding.SEVERAL_FACES),
        (Image.new("RGB", (900, 1200), (90, 140, 90)), Finding.NO_FACE),
        (portrait((500, 640), (250, 260), 55), Finding.FACE_SMALL),
        (portrait(at=(210, 500)), Finding.FACE_CUT),
        (FIT.filter(ImageFilter.GaussianBlur(14)), Finding.BLURRED),
        (LIGHT.enhance(0.25), Finding.DARK),
        (LIGHT.enhance(2.2), Finding.BRIGHT),
    ],
)
async def test_the_face_check_tells(picture: Image.Image, finding: Finding | None) -> None:
    found = (await prepare(encoded(picture))).findings
    assert (finding in found) if finding else found == ()


async def test_a_photo_is_upright_cropped_and_without_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "taken at home"  # orientation, description
    lying = FIT.rotate(90, expand=True)
    made = await prepare(encoded(lying, exif=exif, comment=b"secret"))
    picture = Image.open(io.BytesIO(made.jpeg))
    assert (picture.format, made.findings) == ("JPEG", ())
    assert abs(picture.width / picture.height - 3 / 4) < 0.01
    assert not picture.getexif()
    assert b"home" not in made.jpeg
    assert b"secret" not in made.jpeg
    eyes = [picture.convert("L").getpixel((picture.width // 2, y)) for y in (10, picture.height // 2)]
    assert eyes[0] != eyes[1]


async def test_the_crop_follows_the_face() -> None:
    made = await prepare(encoded(portrait((1600, 1200), (1100, 600), 150)))
    picture = Image.open(io.BytesIO(made.jpeg)).convert("RGB")
    red, green, blue = picture.getpixel((picture.width // 2, int(picture.height * 0.5)))
    assert red > green > blue  # skin, not wall
    assert made.findings == ()


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1", "I;16"])
async def test_every_kind_of_picture_becomes_a_small_jpeg(mode: str) -> None:
    picture = FIT.convert("L").convert("I;16") if mode == "I;16" else FIT.convert(mode)
    made = await prepare(encoded(picture, "JPEG" if mode == "CMYK" else "PNG"))
    assert Image.open(io.BytesIO(made.jpeg)).mode == "RGB"
    assert len(made.jpeg) <= PHOTO_MAX_BYTES


async def test_a_photo_full_of_detail_is_small_too() -> None:
    noise = Image.effect_noise((1500, 2000), 90).convert("RGB")
    assert len((await prepare(encoded(noise))).jpeg) <= PHOTO_MAX_BYTES


async def test_two_photos_are_kept_replaced_and_taken_away(school: School) -> None:
    person, good = await school.add("1", "李"), await prepare(encoded(FIT))
    other = await prepare(encoded(portrait(radius=180)))
    async with school.tx() as tx:
        assert await photos.put(tx, person, good)
        assert not await photos.put(tx, person, good)
        assert await photos.put(tx, person, other, slot=2)
        assert (await persons.get(tx, person)).photos == (1, 2)
        assert await photos.put(tx, person, other)
        assert (await photos.jpeg(tx, person, 1))[0] == other.jpeg
        await photos.take_away(tx, person, slot=1)
        assert [each.slot for each in await photos.photos(tx, person)] == [2]
        with pytest.raises(OneCardError, match="photo 1 and photo 2"):
            await photos.put(tx, person, good, slot=3)
    changes = [each for each in await school.audit("person") if each[0] == "people:photo:change"]
    assert len(changes) == 4
    assert changes[-1][3] is None


async def test_a_tenant_may_refuse_what_others_are_warned_of(school: School) -> None:
    person, bad = await school.add("1", "李"), await prepare(encoded(TWO))
    async with school.tx() as tx:
        assert await photos.put(tx, person, bad)
        await photos.take_away(tx, person, slot=1)
        await photos.set_photo_check(tx, PhotoCheck.REFUSE)
        with pytest.raises(OneCardError, match="There are several faces"):
            await photos.put(tx, person, bad)
    assert [str(each) for each in bad.sentences] == [
        "There are several faces. Only one person may be on the photo."
    ]


async def test_photos_stay_within_scope_and_tenant(school: School, factory: School) -> None:
    good, outside = await prepare(encoded(FIT)), await school.add("1", "李", "八年级/1班")
    theirs, scope = await factory.add("1", "李"), await school.below("七年级")
    async with factory.tx() as tx:
        await photos.put(tx, theirs, good)
    async with school.tx() as tx:
        await photos.put(tx, outside, good)
        for person, departments in ((outside, scope), (theirs, None)):
            for work in (
                photos.photos(tx, person, departments=departments),
                photos.jpeg(tx, person, 1, departments=departments),
                photos.put(tx, person, good, departments=departments),
                photos.take_away(tx, person, slot=1, departments=departments),
            ):
                with pytest.raises(NotFoundError):
                    await work


async def test_who_has_left_gets_no_photo_and_erasing_deletes_it(school: School) -> None:
    person, good = await school.add("1", "李"), await prepare(encoded(FIT))
    async with school.tx() as tx:
        await photos.put(tx, person, good)
        await leaving.leave(tx, [person], on=(await persons.get(tx, person)).created_at.date())
        with pytest.raises(OneCardError, match="李 has left"):
            await photos.put(tx, person, good, slot=2)
        await leaving.erase(tx, person)
        assert await photos.photos(tx, person) == []
