"""Addresses that came from outside."""


def local(href: str) -> str:
    """The address if it leads to a page of ours, else the start page; never to another site."""
    usable = href.startswith("/") and not href.startswith(("//", "/\\")) and "\\" not in href
    return href if usable and href.isprintable() else "/"
