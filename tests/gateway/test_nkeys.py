"""Keys in the spelling of the bus."""

import pytest
from nacl.signing import VerifyKey

from onecard.base.nkeys import AccountKey


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
