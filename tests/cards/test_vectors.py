"""Published vectors: CMAC, AN10922, and the bytes of OC1 that anybody can compute."""

import pytest
from cast import CARD, MAC_KEYS, MASTERS, SITE

from onecard.cards.keys import Role, an10922, cmac, subkeys
from onecard.cards.oc1.records import CardStatus, Identity, Purse, decode, encode

KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF")


def test_subkeys_of_cmac() -> None:
    assert [key.hex().upper() for key in subkeys(KEY)] == [
        "FBC9F75C9413C041DFEE452D3F0706D1",
        "F793EEB928278083BFDC8A5A7E0E0D25",
    ]


@pytest.mark.parametrize(
    ("key", "message", "expected"),
    [
        (KEY.hex(), "04782E21801D803042F54E585020416275", "A8DD63A3B89D54B37CA802473FDA9175"),
        ("F3F9377698707B688EAF84ABE39E3791", "04DEADBEEFFEED", "0BB408BAFF98B6EE9F2E1585777F6A51"),
        (
            "83A66CF43605111802A2616FA0C5E2FF",
            "044D0702195E80DADADA715517",
            "555F624020C5789340350914E92A64F9",
        ),
    ],
)
def test_diversification(key: str, message: str, expected: str) -> None:
    assert an10922(bytes.fromhex(key), bytes.fromhex(message)).hex().upper() == expected


@pytest.mark.parametrize(
    ("key", "message", "wrong"),
    [
        ("F3F9377698707B688EAF84ABE39E3791", "04DEADBEEFFEED", "721E2C01E81AF85D815633969CEA2607"),
        (
            "83A66CF43605111802A2616FA0C5E2FF",
            "044D0702195E80DADADA715517",
            "DAE9B8D3136B2DAE35D58678F378B0B1",
        ),
    ],
)
def test_short_messages_are_not_plain_cmac(key: str, message: str, wrong: str) -> None:
    data = bytes.fromhex(message)
    assert cmac(bytes.fromhex(key), b"\x01" + data).hex().upper() == wrong
    assert an10922(bytes.fromhex(key), data).hex().upper() != wrong


@pytest.mark.parametrize("length", [16, 20, 30, 31])
def test_long_messages_are_plain_cmac(length: int) -> None:
    message = bytes(range(length))
    assert an10922(KEY, message) == cmac(KEY, b"\x01" + message)


@pytest.mark.parametrize("length", [0, 32])
def test_other_lengths_cannot_be_diversified(length: int) -> None:
    with pytest.raises(ValueError, match="1 to 31"):
        an10922(KEY, bytes(length))


def test_session_keys_of_ev2() -> None:
    one = bytes.fromhex("B04D0787C93EE0CC8CACC8E86F16C6FE")
    other = bytes.fromhex("FA659AD0DCA738DD65DC7DC38612AD81")
    mixed = bytes(a ^ b for a, b in zip(one[2:8], other[:6], strict=True))
    context = one[:2] + mixed + other[6:] + one[8:]
    encryption, mac = (
        cmac(bytes(16), bytes.fromhex(label) + context) for label in ("A55A00010080", "5AA500010080")
    )
    assert encryption.hex().upper().startswith("63DC0728")
    assert encryption.hex().upper().endswith("1C314A04")
    assert mac.hex().upper().startswith("774F2674")
    assert mac.hex().upper().endswith("522946F6")


def test_keys_of_roles() -> None:
    keys = MASTERS.of(Role.CONSUMPTION)
    assert keys.field.hex().upper() == "6B23D319861FA43AABF8FBA65C662BCF"
    assert keys.mac.hex().upper() == "0A4330B5D19DF699D4A404D8BF3B09E2"


@pytest.mark.parametrize(
    ("role", "a", "b", "mac"),
    [
        (Role.IDENTITY, "93726B21F3BD", "B94C43361C2B", "C1615FAAA37EBE030634F253AAA9D2D3"),
        (Role.CONSUMPTION, "69645B10FEEE", "133ED713B34B", "C68777A9996925284B93FBD3209EF736"),
        (Role.WATER, "3B459826D38F", "CB77FE7561BD", "CF6BCD9266306DBB13E9AA80765ABC5B"),
    ],
)
def test_keys_of_a_card(role: Role, a: str, b: str, mac: str) -> None:
    keys = MASTERS.of(role).sector_keys(CARD, SITE, sector=1 + role)
    assert (keys.a.hex().upper(), keys.b.hex().upper()) == (a, b)
    assert MAC_KEYS[role].hex().upper() == mac


RECORDS = [
    (
        Role.IDENTITY,
        1,
        Identity(
            seq=1,
            status=CardStatus.ACTIVE,
            generation=1,
            card_number=123456,
            account_class=1,
            valid_until=9999,
        ),
        "1001010101E24001270F0000606A7D68",
    ),
    (Role.CONSUMPTION, 0, Purse(counter=1, cash_fen=10000), "110000010027100000000000A660E9DA"),
    (
        Role.CONSUMPTION,
        1,
        Purse(counter=2, cash_fen=15000, subsidy_fen=2500, desk_seq=1),
        "11000002003A980009C400015678EAAC",
    ),
    (Role.WATER, 0, Purse(counter=1, cash_fen=5000), "120000010013880000000000E8B26370"),
]


@pytest.mark.parametrize(("role", "slot", "record", "expected"), RECORDS)
def test_records(role: Role, slot: int, record: Identity | Purse, expected: str) -> None:
    raw = encode(record, role=role, slot=slot, mac_key=MAC_KEYS[role])
    assert raw.hex().upper() == expected
    assert decode(raw, role=role, slot=slot, mac_key=MAC_KEYS[role]) == record
