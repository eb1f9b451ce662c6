"""Sign-in through a tenant's own provider: OpenID Connect, authorization code with PKCE."""

from onecard.tenants.oidc.model import Configured, ProviderDraft, Started
from onecard.tenants.oidc.provider import Providers
from onecard.tenants.oidc.service import begin, button, configured, finish, remove, save

__all__ = [
    "Configured",
    "ProviderDraft",
    "Providers",
    "Started",
    "begin",
    "button",
    "configured",
    "finish",
    "remove",
    "save",
]
