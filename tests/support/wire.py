"""What Apprise really sends to services whose hosts are fixed in it: bytes on a socket, to a peer of ours instead."""

from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter


def rerouted(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Have every HTTP request of this process go to *port* of this machine; its path begins with the host it was for.

    Apprise builds and sends the request as always; only where the bytes go is another place.
    """
    send = HTTPAdapter.send

    def elsewhere(self: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        host_and_path = str(request.url).partition("://")[2]
        request.url = f"http://127.0.0.1:{port}/{host_and_path}"
        return send(self, request, **options)

    monkeypatch.setattr(HTTPAdapter, "send", elsewhere)
