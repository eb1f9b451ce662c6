"""`onecard card decode`: a dump explained, as lines for people."""

from collections.abc import Iterator
from typing import Any

from onecard.cards.explain import BlockView, CardView, SectorView


def lines(card: CardView) -> Iterator[str]:
    """Head, remarks, then sector by sector."""
    life = (
        f", generation {card.generation}, key version {card.key_version}"
        if card.generation is not None
        else ""
    )
    yield f"{card.technology}, UID {card.uid}: {card.whose}{life}"
    for remark in card.remarks:
        yield f"! {remark}"
    for sector in card.sectors:
        yield ""
        yield from _sector(sector)


def _sector(sector: SectorView) -> Iterator[str]:
    role = sector.role or sector.application or "no role"
    doubt = " (by its looks)" if sector.role and not sector.sure else ""
    yield f"Sector {sector.sector}: {role}{doubt}{'; dead' if sector.dead else ''}"
    yield f"  key A: {sector.key_a}"
    yield f"  key B: {sector.key_b}"
    rights: dict[str, list[int]] = {}
    for block in sector.blocks[:-1]:
        rights.setdefault(block.rights, []).append(block.block)
    for words, blocks in rights.items():
        yield f"  {_numbers(blocks)}: {words}"
    yield f"  trailer {sector.blocks[-1].details['access_bits']}: {sector.blocks[-1].rights}"
    for block in sector.blocks[:-1]:
        yield f"  {block.block:3}  {block.hex}  {_content(block)}"


def _numbers(blocks: list[int]) -> str:
    return f"block {blocks[0]}" if len(blocks) == 1 else f"blocks {blocks[0]} to {blocks[-1]}"


def _content(block: BlockView) -> str:
    details = dict(block.details)
    if block.content != "record":
        return " ".join((block.content, *(f"{name} {value}" for name, value in details.items())))
    kind, mac = details.pop("kind_of_record"), details.pop("mac")
    now = {True: ", current", False: ", older or torn", None: ""}[details.pop("current", None)]
    return f"{kind or 'no known format'}, MAC {mac}{now}: {_fields(details)}"


def _fields(details: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in details.items())
