"""Somebody at a browser, as far as a provider's sign-in pages need one."""

import re
from html import unescape
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

FORM = re.compile(r'<form[^>]*action="([^"]+)"', re.IGNORECASE)
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


async def sign_in_at(url: str, login: str, back: str) -> dict[str, str]:
    """Follow the pages from `url`, sign in and consent; returns what the browser brings back to `back`."""
    async with httpx.AsyncClient(trust_env=False) as browser:
        response = await browser.get(url)
        for _ in range(20):
            if response.is_redirect:
                target = urljoin(str(response.url), response.headers["location"])
                if target.startswith(back):
                    return dict(parse_qsl(urlsplit(target).query))
                response = await browser.get(target)
            else:
                action = FORM.search(response.text)
                assert action, response.text
                fields = dict(HIDDEN.findall(response.text)) | {"login": login, "password": "any"}
                response = await browser.post(unescape(action[1]), data=fields)
    message = "the provider never sent the browser back"
    raise AssertionError(message)


async def cancel_at(url: str, back: str) -> dict[str, str]:
    """Follow the pages from `url` and go back without signing in."""
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False) as browser:
        response = await browser.get(url)
        response = await browser.get(urljoin(url, response.headers["location"]))
        abort = re.search(r'href="([^"]+/abort)"', response.text)
        assert abort, response.text
        response = await browser.get(urljoin(url, unescape(abort[1])))
        while not response.headers["location"].startswith(back):
            response = await browser.get(urljoin(url, response.headers["location"]))
        return dict(parse_qsl(urlsplit(response.headers["location"]).query))
