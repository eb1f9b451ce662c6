"""The card, keys and site that the published vectors of OC1 use."""

from onecard.cards.keys import CardIdentity, Masters, Role, Site

MASTERS = Masters(
    field=bytes.fromhex("00112233445566778899AABBCCDDEEFF"),
    issuer=bytes.fromhex("FFEEDDCCBBAA99887766554433221100"),
    mac=bytes.fromhex("0F1E2D3C4B5A69788796A5B4C3D2E1F0"),
)
SITE = Site(site_id=bytes.fromhex("00C0FFEE"), pin="4821")
CARD = CardIdentity(uid=bytes.fromhex("01A062BD"), generation=1, key_version=1)
MAC_KEYS = {role: MASTERS.of(role).mac_key(CARD, SITE) for role in Role}
