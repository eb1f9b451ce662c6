"""Keys in the spelling of the bus."""

import pytest
from nacl.signing import VerifyKey

from onecard.base.nkeys import AccountKey, UserKey, is_signed


def test_a_seed_survives_the_round_trip() -> None:
    key = AccountKey.generate()
    again = AccountKey.from_seed(key.seed)
    assert again.seed == key.seed
    assert again.public == key.public
    assert key.seed.startswith("SA")
    assert key.public.startswith("A")
    assert len(key.public) == 56


def test_signatures_verify() -> None:
    key = AccountKey.generate()
    VerifyKey(bytes(key.key.verify_key)).verify(b"text", key.sign(b"text"))


@pytest.mark.parametrize(
    "change", [lambda s: s[:-1], lambda s: "SU" + s[2:], lambda s: s[:9] + "A" + s[10:], lambda _: ""]
)
def test_a_damaged_seed_is_refused(change: object) -> None:
    seed = AccountKey.generate().seed
    damaged = change(seed)  # type: ignore[operator]
    if damaged != seed:
        with pytest.raises(ValueError, match="not "):
            AccountKey.from_seed(damaged)


def test_a_user_s_key_proves_who_signed() -> None:
    key, other = UserKey.generate(), UserKey.generate()
    assert (key.seed[:2], key.public[0], len(key.public)) == ("SU", "U", 56)
    assert UserKey.from_seed(key.seed).public == key.public
    signature = key.sign(b"nonce")
    assert is_signed(key.public, b"nonce", signature)
    assert not is_signed(other.public, b"nonce", signature)
    assert not is_signed(key.public, b"another", signature)
    assert not is_signed(AccountKey(key.key).public, b"nonce", signature)
    assert not is_signed("U", b"nonce", b"short")


def test_a_key_is_of_one_kind_and_stays_secret() -> None:
    key = UserKey.generate()
    with pytest.raises(ValueError, match="not the seed of an account"):
        AccountKey.from_seed(key.seed)
    assert key.seed not in repr(key)
    assert bytes(key.key).hex() not in repr(key)
