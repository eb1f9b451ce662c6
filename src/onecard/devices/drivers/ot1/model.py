"""Messages of OT/1 (docs/reference/ot1.md). Amounts are minor units, instants milliseconds since 1970 UTC.

Field names are those of the wire. Unknown fields are ignored: newer terminals can talk to older servers.
"""

from enum import IntEnum
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Raw, Struct

PROTOCOL = "ot1"
PAYLOAD_MOST = 64 * 1024
RECORDS_MOST = 50

Flag: TypeAlias = Literal[0, 1]
SerialNumber: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
Text: TypeAlias = Annotated[str, Meta(max_length=64)]
RequestId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Counter: TypeAlias = Annotated[int, Meta(ge=0, le=(1 << 62) - 1)]
Epoch: TypeAlias = Annotated[int, Meta(ge=1, le=(1 << 31) - 1, description="number of a record store")]
Seq: TypeAlias = Annotated[int, Meta(ge=1, le=(1 << 40) - 1, description="number of a record in its store")]
Instant: TypeAlias = Annotated[int, Meta(ge=0, le=253402300799999, description="ms since 1970 UTC")]
Fen: TypeAlias = Annotated[int, Meta(ge=-(1 << 53), le=1 << 53, description="minor units")]


class Clock(IntEnum):
    """How far a terminal trusts its clock."""

    SYNCED = 0
    DRIFTING = 1
    UNSET = 2


class Credential(Struct, frozen=True):
    """What was presented: `t` is its kind (uid, pin, qr, face, phone), `v` its value."""

    t: Text
    v: Annotated[str, Meta(max_length=512)]


class State(Struct, frozen=True):
    """What a terminal is; announces boot and record store. The last will is `{"on":0}`.

    `last` is the number of the newest record it has.
    """

    on: Flag
    boot: Counter | None = None
    ep: Epoch | None = None
    fw: Text | None = None
    model: Text | None = None
    proto: Text | None = None
    free: Counter | None = None
    clk: Clock | None = None
    last: Counter | None = None


class Request(Struct, frozen=True):
    """Something the terminal wants to know now.

    `rid` comes back in the answer; `n` grows with each new request of a boot and stays when it is sent again.
    For `pay`: `seq` is the number that the record of this sale will have, `ep` its record store (when absent
    the announced one). `query` needs `cred` only, `time` neither. For `sync`: the list `ds`, the version
    `have` of it (0: none), and `page`, the `more` of the part before.
    """

    rid: RequestId
    boot: Counter
    n: Counter
    t: Instant
    op: Text
    ep: Epoch | None = None
    seq: Seq | None = None
    cred: Credential | None = None
    amt: Fen | None = None
    items: list[Raw] | None = None
    meal: int | None = None
    mode: Text | None = None
    ds: Text | None = None
    have: Counter | None = None
    page: Text | None = None


class Balances(Struct, frozen=True):
    """Spendable balances by purse."""

    cash: int
    sub: int
    gift: int
    water: int


class Op(Struct, frozen=True, omit_defaults=True):
    """One change of a list: `+` puts the row with this key in or replaces it, `-` takes it out."""

    o: Literal["+", "-"]
    key: str
    row: dict[str, int] | None = None


class Response(Struct, frozen=True, omit_defaults=True):
    """The answer to a request. `code` is a status; refusals bring the numbers that explain them.

    `txn` is the posting's key, `amt` what was taken, `show` lines to display, `voice` a sentence to speak.
    `t0`, `t1`, `t2` answer `time`: the terminal's instant, the server's at receipt and at sending.
    `ds` to `hash` answer `sync`: the fields of a Delta.
    """

    ok: bool
    code: str
    rid: str | None = None
    txn: str | None = None
    amt: int | None = None
    balances: Balances | None = None
    name: str | None = None
    need: int | None = None
    have: int | None = None
    limit: int | None = None
    used: int | None = None
    show: list[str] | None = None
    voice: str | None = None
    t0: int | None = None
    t1: int | None = None
    t2: int | None = None
    ds: str | None = None
    base: int | None = None
    to: int | None = None
    full: bool | None = None
    ops: list[Op] | None = None
    more: str | None = None
    hash: str | None = None


class Delta(Struct, frozen=True, omit_defaults=True):
    """What brings a list from version `base`, or any newer one, to version `to`.

    `full`: begin with an empty list. `more`: this is a part; ask `sync` for the next with it as `page`.
    `hash`: of the whole list at `to`.
    """

    ds: str
    base: int
    to: int
    full: bool
    ops: list[Op]
    hash: str
    more: str | None = None


class Want(Struct, frozen=True, omit_defaults=True):
    """What a terminal should have: `ds` names the version of each list, `wv` the newest of them.

    `delta` brings it there, or begins to.
    """

    wv: int
    ds: dict[str, int]
    delta: Delta | None = None


class Problem(Struct, frozen=True):
    """Why a terminal could not take a list: `no_room`, `hash`, or another short word."""

    ds: Text
    code: Annotated[str, Meta(min_length=1, max_length=64)]


class Have(Struct, frozen=True):
    """What a terminal has: of each list its version, how many rows, and their hash."""

    ds: dict[str, tuple[Counter, Counter, Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]]]
    clk: Clock | None = None
    err: Annotated[list[Problem], Meta(max_length=16)] = []


class Record(Struct, frozen=True):
    """One entry of a terminal's log.

    `k`: sale, cancel, topup, door, deny, alarm, attend, water, elevator, admin; others are stored as well.
    Of a sale: `off` 1 when the terminal decided alone, `res` what became of it (sold, cancelled, unknown).
    `up` is the uptime in ms, `h` a chained HMAC, `d` whatever else belongs to the kind.
    """

    seq: Seq
    k: Annotated[str, Meta(min_length=1, max_length=16)]
    t: Instant
    clk: Clock = Clock.SYNCED
    up: Counter | None = None
    cred: Credential | None = None
    acct: Counter | None = None
    amt: Fen | None = None
    bal: Fen | None = None
    ctr: Counter | None = None
    txn: Text | None = None
    res: Literal["sold", "cancelled", "unknown"] | None = None
    off: Flag = 0
    lv: dict[str, int] | None = None
    d: dict[str, Any] | None = None
    h: Text | None = None


class Batch(Struct, frozen=True, rename={"from_": "from"}):
    """Up to 50 records in order, from number `from`; `last` is the newest there is."""

    ep: Epoch
    recs: Annotated[list[Raw], Meta(max_length=RECORDS_MOST)]
    from_: Seq | None = None
    last: Counter | None = None


class Ack(Struct, frozen=True, omit_defaults=True):
    """All up to `ack` is durable here; send from `ack` + 1. Without `ack` nothing was taken."""

    ep: int | None = None
    ack: int | None = None
    code: str | None = None


class Hello(Struct, frozen=True):
    """A terminal without a credential of its own asks to be certified.

    `pubkey` is its X25519 public key, base64; the secret comes sealed for it.
    """

    sn: SerialNumber
    model: Text = ""
    fw: Text = ""
    pubkey: Annotated[str, Meta(max_length=64)] | None = None
    claim: Annotated[str, Meta(max_length=128)] = ""


class Grant(Struct, frozen=True, omit_defaults=True):
    """The answer to a hello: wait, ok or no.

    With ok, `device` and `tenant` make the user name and the topics; `secret` is the password, sealed (NaCl
    sealed box, base64) to the public key of the hello.
    """

    state: Literal["wait", "ok", "no"]
    device: str | None = None
    tenant: str | None = None
    secret: str | None = None
    code: str | None = None
