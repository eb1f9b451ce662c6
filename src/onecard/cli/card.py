"""`onecard card`: keys, records, virtual cards and dumps of cards; what needs no tenant needs no database."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from onecard.base.errors import OneCardError
from onecard.cards.explain import explain
from onecard.cards.keyring import KeyRing
from onecard.cards.keys import CardIdentity, Masters, Role, Site
from onecard.cards.oc1 import records
from onecard.cards.oc1.fields import from_fields, to_fields
from onecard.cards.steps import Dialect
from onecard.cards.virtual.chip import Make
from onecard.cards.virtual.dumps import read_dump, write_dump
from onecard.cli import card_custody, card_number, card_tenant, output
from onecard.cli.card_explain import lines
from onecard.cli.card_virtual import VirtualCard, input_lines, make_card, play
from onecard.cli.output import Json

app = typer.Typer(help="Cards: keys, records, virtual cards, dumps.", no_args_is_help=True)
app.command()(card_tenant.setup)
app.command("format")(card_tenant.show_format)
app.command()(card_tenant.rotate_keys)
app.command()(card_number.number)
app.command()(card_custody.rewrap)
app.add_typer(card_custody.app, name="custody")

_UIDS = {4, 7}


def parse_hex(text: str, what: str, *lengths: int) -> bytes:
    """Bytes from hex digits; spaces and colons are dropped.

    Raises:
        OneCardError: other characters, or another number of bytes.
    """
    try:
        value = bytes.fromhex(text.replace(":", ""))
    except ValueError:
        value = b""
    if len(value) not in lengths:
        digits = " or ".join(str(2 * length) for length in lengths)
        message = f"{what} is {digits} hex digits."
        raise OneCardError(message)
    return value


UidHex = Annotated[str, typer.Option("--uid", help="UID of the card, 8 or 14 hex digits.")]
FieldMaster = Annotated[str, typer.Option("--ma", help="Master of the field keys, 32 hex digits.")]
IssuerMaster = Annotated[str, typer.Option("--mb", help="Master of the issuer keys, 32 hex digits.")]
MacMaster = Annotated[str, typer.Option("--mm", help="Master of the MACs, 32 hex digits.")]
Pin = Annotated[str, typer.Option("--pin", help="System secondary encryption, four digits.")]
SiteId = Annotated[str, typer.Option("--site", help="Site id, 8 hex digits.")]
KeyVersion = Annotated[int, typer.Option("--key-version", min=0, max=255)]
Generation = Annotated[int, typer.Option("--generation", min=0, max=255)]
RoleNumber = Annotated[
    int, typer.Option("--role", min=0, max=3, help="0 identity, 1 consumption, 2 water, 3 lift.")
]


def masters_of(ma: str, mb: str, mm: str) -> Masters:
    """Masters from hex."""
    return Masters(
        field=parse_hex(ma, "--ma", 16), issuer=parse_hex(mb, "--mb", 16), mac=parse_hex(mm, "--mm", 16)
    )


def site_of(site: str, pin: str) -> Site:
    """A site from hex and PIN."""
    site_id = parse_hex(site, "--site", 4)
    try:
        return Site(site_id=site_id, pin=pin)
    except ValueError:
        message = "--pin is exactly four digits."
        raise OneCardError(message) from None


@app.command()
def derive(
    *,
    uid: UidHex,
    ma: FieldMaster,
    mb: IssuerMaster,
    mm: MacMaster,
    pin: Pin,
    site: SiteId,
    key_version: KeyVersion = 1,
    generation: Generation = 1,
    sector: Annotated[int, typer.Option(min=0, max=39, help="Physical sector.")],
    role: RoleNumber,
    as_json: Json = False,
) -> None:
    """Derive a card's keys of one sector, and what its terminals hold, from the masters."""
    card = CardIdentity(uid=parse_hex(uid, "--uid", *_UIDS), generation=generation, key_version=key_version)
    place = site_of(site, pin)
    keys = masters_of(ma, mb, mm).of(Role(role))
    pair = keys.sector_keys(card, place, sector)
    found = {
        "key_a": pair.a,
        "key_b": pair.b,
        "k_mac": keys.mac_key(card, place),
        "ma_role": keys.field,
        "mm_role": keys.mac,
    }
    output.show({name: key.hex().upper() for name, key in found.items()}, as_json=as_json)


@app.command()
def record(
    text: Annotated[str, typer.Argument(metavar="[HEX]", help="With --hex: the 16 bytes.")] = "",
    *,
    role: RoleNumber,
    slot: Annotated[int, typer.Option(min=0, max=2, help="0 and 1 alternate; 2 is the log or validity.")],
    k_mac: Annotated[str, typer.Option("--k-mac", help="Key of the card's MACs, 32 hex digits.")],
    from_hex: Annotated[bool, typer.Option("--hex", help="Decode 16 bytes instead of encoding.")] = False,
    as_json: Json = False,
) -> None:
    """Encode one record from fields (a JSON object on standard input), or decode it with --hex.

    Without an argument, --hex reads the 16 bytes from standard input as well.
    """
    mac_key = parse_hex(k_mac, "--k-mac", 16)
    if from_hex:
        raw = parse_hex(text or sys.stdin.read().strip(), "A record", records.RECORD_BYTES)
        output.show(_decoded(raw, Role(role), slot, mac_key), as_json=as_json)
        return
    fields = from_fields(_object(text or sys.stdin.read()), role=Role(role), slot=slot)
    try:
        raw = records.encode(fields, role=Role(role), slot=slot, mac_key=mac_key)
    except ValueError as error:
        message = f"The record cannot be encoded: {error}."
        raise OneCardError(message) from None
    output.show({"hex": raw.hex().upper()}, as_json=as_json, sentence=raw.hex().upper())


@app.command()
def apdu(
    *,
    virtual: Annotated[VirtualCard, typer.Option(help="Kind of card.")] = VirtualCard.CLASSIC_1K,
    uid: UidHex = "01A062BD",
    chip: Annotated[
        Make, typer.Option(help="Genuine, or an imitation whose UID can be written.")
    ] = Make.GENUINE,
    reader: Annotated[Dialect, typer.Option(help="Whose dialect the reader speaks.")] = Dialect.ACS,
    dump: Annotated[Path | None, typer.Option(help="Begin with the card of this dump.")] = None,
    save: Annotated[Path | None, typer.Option(help="Write the card's dump here at the end.")] = None,
    as_json: Json = False,
) -> None:
    """Be a card: answer each APDU (hex, one a line on standard input) with its response and status word.

    Other lines: reset, remove, insert, and tear none|full|zero|half|mixed, which pulls the card during its
    next write. With --json each answer is one object on a line.
    """
    card = make_card(virtual, parse_hex(uid, "--uid", *_UIDS), chip, dump)
    try:
        for answer in play(card, reader, input_lines()):
            output.show(answer.fields, as_json=as_json, sentence=answer.line)
    finally:
        if save:
            write_dump(save, card.dump())


@app.command()
def decode(
    dump: Annotated[Path, typer.Argument(help="Dump of a 1K or 4K card (.bin, .mfd).")],
    *,
    ma: FieldMaster = "",
    mb: IssuerMaster = "",
    mm: MacMaster = "",
    pin: Pin = "",
    site: SiteId = "",
    key_version: KeyVersion = 1,
    tenant: Annotated[str, typer.Option(help="Code of the tenant whose masters are tried.")] = "",
    as_json: Json = False,
) -> None:
    """Explain a dump block by block: keys, access conditions, value blocks, OC1 records and their MACs.

    With masters (--tenant, or --ma --mb --mm --pin --site) it tells whether the card is the tenant's and
    which records are genuine; without them it says what the blocks look like.
    """
    given = [bool(value) for value in (ma, mb, mm, pin, site)]
    if any(given) and not all(given):
        message = "Masters are given whole: --ma, --mb, --mm, --pin and --site, or none of them."
        raise OneCardError(message)
    memory = read_dump(dump)
    if any(given):
        ring: KeyRing | None = KeyRing(site_of(site, pin), {key_version: masters_of(ma, mb, mm)})
    else:
        ring = card_tenant.ring_of(tenant) if tenant else None
    card = explain(memory, ring)
    output.show(asdict(card), as_json=as_json, sentence="\n".join(lines(card)))


def _decoded(raw: bytes, role: Role, slot: int, mac_key: bytes) -> dict[str, Any]:
    if records.kind_of(role, slot) is None:
        message = f"Slot {slot} of role {int(role)} ({role.name.lower()}) holds no record."
        raise OneCardError(message)
    found = records.parse(raw, role=role, slot=slot)
    fields = to_fields(found) if found else {"kind_of_record": None}
    return fields | {"mac_ok": records.mac_ok(raw, role=role, slot=slot, mac_key=mac_key)}


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        message = "The fields are one JSON object on standard input."
        raise OneCardError(message)
    return found
