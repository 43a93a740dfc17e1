"""A websocket belongs to pages of this very origin: SameSite does not keep other ports and sibling hosts away."""

import pytest
from starlette.websockets import WebSocketDisconnect
from streamlit import net_util

from tests.factories import Clinic
from tests.web.conftest import SOCKET, Browser
from tests.web.test_gate import run

FOREIGN = ("https://evil.example", "null", "", "https://testserver:8443", "https://testserver.evil.example",
           "http://localhost:9999", "https://sibling.testserver", "https://[", "testserver")  # fmt: skip


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_page_of_another_origin_opens_no_websocket(browser: Browser, clinic: Clinic, origin: str) -> None:
    browser.sign_in(clinic, "assistant")
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        browser.client.websocket_connect(SOCKET, headers={"Origin": origin}),
    ):
        pass
    assert closed.value.code == 1008


@pytest.mark.parametrize("origin", ["https://testserver", "https://testserver:443", "http://testserver"])
def test_a_page_of_ours_opens_its_websocket(
    browser: Browser, clinic: Clinic, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a proxy names the port or ends TLS; nobody asks the internet for this machine's address."""

    def refuse() -> None:
        raise AssertionError("An origin must not be compared with this machine's addresses.")

    monkeypatch.setattr(net_util, "get_external_ip", refuse)
    browser.sign_in(clinic, "assistant")
    with browser.client.websocket_connect(SOCKET, headers={"Origin": origin}) as socket:
        assert "Front desk" in run(socket)
