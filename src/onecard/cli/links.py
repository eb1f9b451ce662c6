"""Links into the console, made by commands that do not load it."""

LINK_PATH = "/sign-in/once"


def sign_in_link(address: str, code: str) -> str:
    """The link that signs somebody in once; browsers keep what is behind the # to themselves."""
    return f"{address.rstrip('/')}{LINK_PATH}#{code}"
