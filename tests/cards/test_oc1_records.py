"""Records of OC1: every field comes back, and nothing else passes."""

import pytest
from cast import MAC_KEYS
from hypothesis import given
from hypothesis import strategies as st

from onecard.base.errors import OneCardError
from onecard.cards.keys import Role
from onecard.cards.oc1.fields import from_fields, to_fields
from onecard.cards.oc1.records import (
    CardStatus,
    Identity,
    Log,
    Purse,
    PurseFlag,
    Record,
    Rights,
    Validity,
    decode,
    encode,
    parse,
)
from onecard.cards.oc1.slots import current, next_counter, next_seq
from onecard.cards.oc1.value_profile import decode_desk_record, encode_desk_record

U8, U16, U24 = (st.integers(0, (1 << bits) - 1) for bits in (8, 16, 24))
U32 = st.integers(0, (1 << 32) - 1)
PURSES = st.builds(
    Purse,
    counter=U24,
    cash_fen=U24,
    subsidy_fen=U24,
    flags=st.sampled_from([PurseFlag(number) for number in range(16)]),
    desk_seq=st.integers(0, 4095),
)
IDENTITIES = st.builds(
    Identity,
    seq=U8,
    status=st.sampled_from(CardStatus),
    generation=U8,
    card_number=U24,
    account_class=U8,
    valid_until=U16,
    flags=U16,
)
LOGS = st.builds(Log, kind=st.integers(1, 255), counter=U8, amount_fen=U24, terminal=U24, seconds=U32)
RIGHTS = st.builds(Rights, seq=U8, group=U8, floors=st.frozensets(st.integers(0, 63)), profile=U8)
VALIDITIES = st.builds(Validity, seq=U8, valid_from=U16, valid_until=U16, uses=U16)
PURSE_ROLES, PAIR = st.sampled_from([Role.CONSUMPTION, Role.WATER]), st.sampled_from([0, 1])
PLACED = st.one_of(
    st.tuples(IDENTITIES, st.just(Role.IDENTITY), PAIR),
    st.tuples(PURSES, PURSE_ROLES, PAIR),
    st.tuples(LOGS, PURSE_ROLES, st.just(2)),
    st.tuples(RIGHTS, st.just(Role.LIFT), PAIR),
    st.tuples(VALIDITIES, st.just(Role.LIFT), st.just(2)),
)


@given(PLACED)
def test_round_trip(placed: tuple[Record, Role, int]) -> None:
    record, role, slot = placed
    raw = encode(record, role=role, slot=slot, mac_key=MAC_KEYS[role])
    assert len(raw) == 16
    assert decode(raw, role=role, slot=slot, mac_key=MAC_KEYS[role]) == record
    assert from_fields(to_fields(record), role=role, slot=slot) == record


@given(PLACED, st.integers(0, 127))
def test_one_bit_breaks_the_mac(placed: tuple[Record, Role, int], bit: int) -> None:
    record, role, slot = placed
    raw = bytearray(encode(record, role=role, slot=slot, mac_key=MAC_KEYS[role]))
    raw[bit // 8] ^= 1 << bit % 8
    assert decode(bytes(raw), role=role, slot=slot, mac_key=MAC_KEYS[role]) is None


@given(st.binary(min_size=16, max_size=16), st.sampled_from(Role), st.integers(0, 2))
def test_any_bytes_are_read_without_an_exception(raw: bytes, role: Role, slot: int) -> None:
    record = parse(raw, role=role, slot=slot)
    if record is not None:
        assert record.body(role) == raw[:12], "what is understood is understood completely"


def test_a_record_moved_elsewhere_is_worth_nothing() -> None:
    raw = encode(Purse(counter=1, cash_fen=1), role=Role.WATER, slot=0, mac_key=MAC_KEYS[Role.WATER])
    assert decode(raw, role=Role.WATER, slot=1, mac_key=MAC_KEYS[Role.WATER]) is None
    assert decode(raw, role=Role.CONSUMPTION, slot=0, mac_key=MAC_KEYS[Role.WATER]) is None
    assert decode(raw, role=Role.WATER, slot=0, mac_key=MAC_KEYS[Role.CONSUMPTION]) is None


@pytest.mark.parametrize(
    ("record", "role", "slot"),
    [
        (Purse(counter=1 << 24, cash_fen=0), Role.WATER, 0),
        (Purse(counter=0, cash_fen=-1), Role.WATER, 0),
        (Purse(counter=0, cash_fen=0, desk_seq=4096), Role.WATER, 0),
        (Purse(counter=0, cash_fen=0), Role.WATER, 2),
        (Purse(counter=0, cash_fen=0), Role.IDENTITY, 0),
        (Log(kind=256, counter=0, amount_fen=0, terminal=0, seconds=0), Role.WATER, 2),
        (Rights(seq=0, group=0, floors=frozenset({64})), Role.LIFT, 0),
    ],
)
def test_what_does_not_fit_is_refused(record: Record, role: Role, slot: int) -> None:
    with pytest.raises(ValueError, match=r".+"):
        encode(record, role=role, slot=slot, mac_key=MAC_KEYS[role])


def test_bits_of_floors_and_flags() -> None:
    rights = Rights(seq=1, group=2, floors=frozenset({0, 9, 63}), profile=4)
    assert rights.body(Role.LIFT).hex() == "13" + "01" + "02" + "0102000000000080" + "04"
    purse = Purse(counter=1, cash_fen=2, flags=PurseFlag.FROZEN | PurseFlag.TIMES, desk_seq=0xABC)
    assert purse.body(Role.WATER)[-2:].hex() == "3abc"


def slots(role: Role, *records: Record | None) -> tuple[bytes, bytes]:
    raw = [
        encode(record, role=role, slot=slot, mac_key=MAC_KEYS[role]) if record else bytes(16)
        for slot, record in enumerate(records)
    ]
    return raw[0], raw[1]


def purse(counter: int) -> Purse:
    return Purse(counter=counter, cash_fen=1)


@pytest.mark.parametrize(
    ("one", "other", "slot"),
    [(1, 2, 1), (2, 1, 0), (None, 1, 1), (1, None, 0), (255, 256, 1), (None, None, None)],
)
def test_the_higher_counter_holds(one: int | None, other: int | None, slot: int | None) -> None:
    pair = slots(Role.WATER, *(counter and purse(counter) for counter in (one, other)))
    found = current(Purse, pair, role=Role.WATER, mac_key=MAC_KEYS[Role.WATER])
    assert (found and found.slot) == slot
    if found:
        assert found.other == 1 - found.slot
        assert next_counter(found.record) == found.record.counter + 1


@pytest.mark.parametrize(("one", "other", "slot"), [(1, 2, 1), (255, 0, 1), (0, 255, 0), (130, 1, 1)])
def test_the_seq_of_identity_turns_over(one: int, other: int, slot: int) -> None:
    rights = [Rights(seq=seq, group=0, floors=frozenset()) for seq in (one, other)]
    found = current(Rights, slots(Role.LIFT, *rights), role=Role.LIFT, mac_key=MAC_KEYS[Role.LIFT])
    assert found
    assert found.slot == slot
    assert next_seq(found.record) == (rights[slot].seq + 1) % 256


def test_a_worn_out_counter_has_no_next() -> None:
    with pytest.raises(ValueError, match="end"):
        next_counter(purse((1 << 24) - 1))


@given(PURSES, PURSE_ROLES)
def test_the_desk_record_of_value_blocks(record: Purse, role: Role) -> None:
    raw = encode_desk_record(record, role=role, mac_key=MAC_KEYS[role])
    assert decode_desk_record(raw, role=role, mac_key=MAC_KEYS[role]) == record
    assert decode_desk_record(bytes(16), role=role, mac_key=MAC_KEYS[role]) is None


@pytest.mark.parametrize(
    ("fields", "role", "slot", "sentence"),
    [
        ({"counter": 1}, Role.WATER, 0, "A purse needs cash_fen."),
        ({"colour": 1}, Role.WATER, 0, "no field 'colour'"),
        ({"counter": "1", "cash": 1}, Role.WATER, 0, "counter cannot be '1'"),
        ({"counter": True, "cash": 1}, Role.WATER, 0, "counter cannot be"),
        ({"counter": 1, "cash": 1, "flags": 16}, Role.WATER, 0, "flags cannot be"),
        ({}, Role.IDENTITY, 2, "Slot 2 of role 0 (identity) holds no record."),
        ({"seq": 1, "status": "asleep"}, Role.IDENTITY, 0, "status cannot be 'asleep'"),
        ({"seq": 1, "from": "2026-13-01"}, Role.LIFT, 2, "valid_from cannot be"),
        ({"floors": [[]]}, Role.LIFT, 0, "floors cannot be"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    fields: dict[str, object], role: Role, slot: int, sentence: str
) -> None:
    with pytest.raises(OneCardError) as caught:
        from_fields(fields, role=role, slot=slot)
    assert sentence in str(caught.value)


def test_short_names_and_dates_are_understood() -> None:
    fields = {"seq": 1, "status": 1, "generation": 1, "card_no": 7, "class": 2, "until": "2027-05-18"}
    found = from_fields(fields, role=Role.IDENTITY, slot=0)
    assert isinstance(found, Identity)
    assert (found.card_number, found.account_class, found.valid_until) == (7, 2, 9999)
    assert to_fields(found)["valid_until_date"] == "2027-05-18"
