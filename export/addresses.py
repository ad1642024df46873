"""Where a download may go: https or this very machine, through whatever proxy there is."""

import http.client
import urllib.parse
import urllib.request
from typing import IO

from streamstyle.errors import StreamstyleError

MIRROR_VARIABLE = "STREAMSTYLE_MIRROR"
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


class DownloadError(StreamstyleError):
    """A public file cannot be fetched, or what came is not that file."""


class SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Redirects are followed, but never out of https."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        """The request at the new address."""
        if not is_safe(newurl):
            fp.close()
            raise DownloadError(
                f"{req.host} leads to {urllib.parse.urlsplit(newurl).hostname} by an address that is not plain https, "
                f"which is not followed; try another network or mirror ({MIRROR_VARIABLE})"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def is_safe(url: str) -> bool:
    """Whether the way there is secure: https, or this very machine."""
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if not parts.hostname or port == 0 or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)


def way_to(url: str) -> str:
    """The host, and the proxy before it if there is one: either may be what fails."""
    parts = urllib.parse.urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if not proxy or urllib.request.proxy_bypass(parts.netloc):
        return parts.netloc
    # A proxy's address may hold a password.
    return f"{parts.netloc} (through the proxy {proxy.rpartition('@')[2].rpartition('//')[2].rstrip('/')})"
