"""Enterprise settings (企业设置): what an institution decides for itself, on one page."""

from typing import Any

from starlette.datastructures import UploadFile
from starlette.responses import Response

from onecard.base.db import Tx
from onecard.base.errors import NotFoundError, OneCardError
from onecard.base.texts import Text, say
from onecard.ledger.service import money_moved
from onecard.tenants import oidc
from onecard.tenants import service as tenants
from onecard.tenants.functions import DANGEROUS, F
from onecard.tenants.model import Profile
from onecard.tenants.oidc import ProviderDraft
from onecard.tenants.settings import service as settings
from onecard.tenants.settings.logo import UPLOAD_BYTES_MOST
from onecard.tenants.settings.model import Settings
from onecard.web.kit.actions import Asked
from onecard.web.kit.form_page import FormPage
from onecard.web.kit.grants import choice_tree
from onecard.web.kit.routes import Open, Page
from onecard.web.kit.visit import Visit
from onecard.web.pages.system.enterprise_form import EnterpriseForm, currencies, time_zones

LOGO = "/logo"
_FOREVER = "private, max-age=31536000, immutable"


async def ask(tx: Tx, visit: Visit) -> Asked:
    """Everything as it is stored; the currency is fixed once money was booked in it."""
    tenant, own, provider = await tenants.get(tx), await settings.get(tx), await oidc.configured(tx)
    logo = await settings.logo_digest(tx)
    locked = {}
    if await money_moved(tx):
        locked["currency"] = say("Money was booked in it already, so it cannot be changed any more.")
    return Asked(
        thing=tenant.name,
        values=_values(tenant, own, provider),
        choices={"currency": currencies(visit.language), "time_zone": time_zones(visit.language)},
        trees={"approvals": choice_tree(visit, own.approvals, DANGEROUS)},
        locked=locked,
        pictures={"logo": f"{LOGO}?v={logo}"} if logo else {},
        left_out=frozenset() if logo else frozenset({"remove_logo"}),
    )


def _values(tenant: Profile, own: Settings, provider: oidc.Configured | None) -> dict[str, Any]:
    values = {name: getattr(tenant, name) for name in Profile.__dataclass_fields__}
    values |= {name: getattr(own, name) for name in Settings.__dataclass_fields__}
    if provider is not None:
        values |= {name: getattr(provider, name) for name in ("issuer", "client", "claim", "label")}
        values["provider_enabled"] = provider.enabled
    return values


async def save(tx: Tx, visit: Visit, form: EnterpriseForm) -> Text:
    """Save what differs; all of it or nothing."""
    profile = Profile(**{name: getattr(form, name) for name in Profile.__dataclass_fields__})
    await tenants.change(tx, profile, money_moved=money_moved)
    own = {name: getattr(form, name) for name in Settings.__dataclass_fields__}
    await settings.change(tx, Settings(**(own | {"approvals": frozenset(form.approvals)})))
    await _save_provider(tx, visit, form)
    await _save_logo(tx, form)
    return say("Saved.")


async def _save_provider(tx: Tx, visit: Visit, form: EnterpriseForm) -> None:
    if not form.issuer:
        if form.provider_enabled:
            raise OneCardError(say("Write the provider's address before it is offered on the sign-in page."))
        await oidc.remove(tx)
        return
    draft = ProviderDraft(
        issuer=form.issuer, client=form.client, secret=form.secret, claim=form.claim, label=form.label,
        enabled=form.provider_enabled,
    )  # fmt: skip
    await oidc.save(tx, visit.services.vault, draft)


async def _save_logo(tx: Tx, form: EnterpriseForm) -> None:
    if isinstance(form.logo, UploadFile):
        # one byte more than is allowed, so that what is too large is told and not cut
        await settings.change_logo(tx, await form.logo.read(UPLOAD_BYTES_MOST + 1))
    elif form.remove_logo:
        await settings.change_logo(tx, None)


async def logo(visit: Visit) -> Response:
    """The institution's picture; its address changes with it, so browsers keep it."""
    async with visit.tx() as tx:
        found = await settings.get_logo(tx)
    if found is None:
        raise NotFoundError(say("There is no logo."))
    return Response(found.png, media_type="image/png", headers={"cache-control": _FOREVER})


PAGE = FormPage(
    path="/system/enterprise", area="system", label=say("Enterprise settings"), icon="building",
    looks=F.SYSTEM_ENTERPRISE_VIEW, needs=F.SYSTEM_ENTERPRISE_CHANGE, form=EnterpriseForm, submit=say("Save"),
    ask=ask, carry_out=save, wide=True,
)  # fmt: skip
PAGES = [*PAGE.pages(), Page(LOGO, logo, needs=Open.SIGNED_IN)]
