"""Use cases of sign-in through a provider. Operators are matched by account number, never made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from onecard.base.db import SYSTEM, Database, Row, Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError, OneCardError, UnavailableError
from onecard.base.texts import say
from onecard.base.vault import Vault
from onecard.tenants import audit
from onecard.tenants import service as tenants
from onecard.tenants.functions import Function
from onecard.tenants.oidc import rules
from onecard.tenants.oidc.model import Configured, ProviderDraft, Started
from onecard.tenants.oidc.provider import Client, NotValidError, Providers
from onecard.tenants.operators import service as operators
from onecard.tenants.sessions import rules as session_rules
from onecard.tenants.sessions import signing_in, throttle
from onecard.tenants.sessions.model import Outcome, Refused
from onecard.tenants.sessions.rules import Visitor
from onecard.tenants.sessions.throttle import Charge

_sql = load_queries("onecard.tenants.oidc")
TEXT_MAX = 200


async def configured(tx: Tx) -> Configured | None:
    """The tenant's provider, if it has one."""
    row = await _sql.provider(tx.connection, tenant_id=tx.tenant_id)
    return None if row is None else _configured(row)


async def button(db: Database, tenant_code: str) -> str | None:
    """The label of a tenant's sign-in button, perhaps empty; None: it has no provider in use.

    The sign-in page asks before anybody is signed in; whether a tenant exists is not told by it.
    """
    try:
        route = await tenants.route(db, tenant_code, SYSTEM)
    except NotFoundError:
        return None
    async with db.tenant_tx(route.tenant_id, SYSTEM) as tx:
        found = await configured(tx)
    return found.label if found is not None and found.enabled else None


async def save(tx: Tx, vault: Vault, draft: ProviderDraft) -> None:
    """Save the tenant's provider.

    Raises:
        OneCardError: the issuer's address, the client id or the claim cannot be taken.
    """
    texts = {"client": draft.client, "claim": draft.claim}
    issuer = draft.issuer.strip()
    if not rules.is_usable(issuer) or len(issuer) > TEXT_MAX or "?" in issuer:
        raise OneCardError(say("The provider's address begins with https:// and has no query or fragment."))
    for text in texts.values():
        if not 0 < len(text.strip()) <= TEXT_MAX:
            raise OneCardError(say("Client id and claim have 1 to {most} characters.", most=TEXT_MAX))
    old = await configured(tx)
    box = vault.seal(int(tx.tenant_id or 0), draft.secret) if draft.secret else None
    await _sql.save(
        tx.connection, tenant_id=tx.tenant_id, issuer=issuer, client=draft.client.strip(), secret_box=box,
        keep_secret=draft.secret is None, claim=draft.claim.strip(), label=draft.label.strip()[:TEXT_MAX],
        enabled=draft.enabled,
    )  # fmt: skip
    before, after = audit.differing(_shown(old), _shown(await configured(tx)))
    if draft.secret is not None:
        after["client_secret"] = "new"  # noqa: S105  says that it changed, not what it is
    await _note(tx, before, after)


async def remove(tx: Tx) -> None:
    """Forget the tenant's provider; operators sign in by password again."""
    old = await configured(tx)
    if old is not None:
        await _sql.remove(tx.connection, tenant_id=tx.tenant_id)
        await _note(tx, _shown(old), None)


async def begin(
    db: Database, providers: Providers, tenant_code: str, redirect_uri: str, *, where: str,
    fresh: bool = False, now: datetime | None = None,
) -> Started:  # fmt: skip
    """Send a browser to its institution's sign-in page.

    Args:
        db: the application's door.
        providers: of this process.
        tenant_code: four digits.
        redirect_uri: our page that calls `finish`; the provider has to know it.
        where: client address.
        fresh: the operator has to prove itself anew, although signed in at the provider.
        now: for tests.

    Raises:
        ConflictError: the tenant has no provider in use, or too many sign-ins were begun from this address.
        UnavailableError: the provider cannot be reached.
    """
    now = session_rules.instant(now)
    charge = [Charge(rules.AT_PROVIDER, (session_rules.network(where),))]
    wait = await throttle.take(db, charge, now)
    if wait > throttle.NOW:
        raise ConflictError(session_rules.too_many(wait))
    try:
        tenant_id = (await tenants.route(db, tenant_code, SYSTEM)).tenant_id
    except NotFoundError:
        raise ConflictError(rules.NO_PROVIDER) from None
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        found = await configured(tx)
    if found is None or not found.enabled:
        raise ConflictError(rules.NO_PROVIDER)
    metadata = await providers.metadata(found.issuer)
    token = session_rules.new_token()
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        await _sql.forget_starts(tx.connection, tenant_id=tenant_id, now=now)
        await _sql.insert_start(
            tx.connection, tenant_id=tenant_id, secret_hash=session_rules.digest(token), issuer=found.issuer,
            redirect_uri=redirect_uri, ends_at=now + rules.LASTS,
        )  # fmt: skip
    url = rules.authorization_url(
        metadata, client=found.client, redirect_uri=redirect_uri, claim=found.claim,
        secrets=rules.secrets_of(token), fresh=fresh,
    )  # fmt: skip
    return Started(url, session_rules.cookie(tenant_id, token))


async def finish(
    db: Database, vault: Vault, providers: Providers, *, cookie: str, answer: Mapping[str, str], where: str,
    agent: str = "", device: str = "", now: datetime | None = None,
) -> Outcome:  # fmt: skip
    """The browser came back: sign the operator in whom the provider names.

    Args:
        db: the application's door.
        vault: opens the client's secret.
        providers: of this process.
        cookie: of `Started.cookie`.
        answer: the parameters of the address it came back to.
        where: client address.
        agent: what the browser calls itself.
        device: the cookie of an earlier `SignedIn.device`.
        now: for tests.
    """
    now = session_rules.instant(now)
    parsed = session_rules.parse_cookie(cookie)
    if parsed is None:
        return Refused(session_rules.TOO_LATE)
    tenant_id, token = parsed
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        start = await _sql.use_start(
            tx.connection, tenant_id=tenant_id, secret_hash=session_rules.digest(token), now=now
        )
    if start is None:
        return Refused(session_rules.TOO_LATE)
    client = _client(vault, tenant_id, start)
    try:
        account = await _named(providers, client, token, answer)
    except NotValidError as error:
        return Refused(error.text)
    except UnavailableError:
        return Refused(rules.UNREACHABLE)
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        operator = await operators.find(tx, account)
    if operator is None:
        text = say("{account} is not an operator here. Ask an administrator for an account.", account=account)
        return Refused(text)
    known = device if session_rules.is_token(device) else ""
    visitor = Visitor(where, agent[: session_rules.AGENT_MAX], known)
    return await signing_in.admit(db, tenant_id, operator.id, method="oidc", visitor=visitor, now=now)


async def _named(providers: Providers, client: Client, token: str, answer: Mapping[str, str]) -> str:
    """The account number that the provider vouches for.

    Raises:
        UnavailableError: the provider cannot be reached.
        NotValidError: the answer is not one to our question, or names nobody.
    """
    metadata, secrets = await providers.metadata(client.issuer), rules.secrets_of(token)
    refused = rules.refusal(answer, metadata, secrets)
    if refused is not None:
        raise NotValidError(refused)
    identity = await providers.identify(metadata, client, answer["code"], secrets)
    claims = identity.claims
    if client.claim not in claims:
        claims = await providers.userinfo(metadata, identity) | claims
    account = rules.named(claims, client.claim)
    if account is None:
        raise NotValidError(rules.NO_CLAIM)
    return account


def _client(vault: Vault, tenant_id: int, row: Row) -> Client:
    box = row["secret_box"]
    secret = None if box is None else vault.unseal(tenant_id, box)
    return Client(
        issuer=row["issuer"], name=row["client"], secret=secret, claim=row["claim"],
        redirect_uri=row["redirect_uri"],
    )  # fmt: skip


def _configured(row: Row) -> Configured:
    return Configured(**row)


def _shown(provider: Configured | None) -> dict[str, Any]:
    if provider is None:
        return {}
    names = ("issuer", "client", "claim", "label", "enabled")
    return {name: getattr(provider, name) for name in names}


async def _note(tx: Tx, before: dict[str, Any], after: dict[str, Any] | None) -> None:
    tenant = await tenants.get(tx)
    subject = f"{tenant.code} {tenant.name}"
    entry = audit.Entry(Function.SYSTEM_ENTERPRISE_CHANGE, "provider", subject, before=before, after=after)
    await audit.write(tx, entry)
