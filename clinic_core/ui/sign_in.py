"""The sign-in page: the widget of streamlit-authenticator over our own check.

Of the package only the widget is used: never its cookie, its lock-out, captcha, second factor, reset or mail. What
it leaves in the session state decides nothing and is cleared at once.
"""

import secrets
from typing import NoReturn

import streamlit as st
from pydantic import SecretStr
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit_authenticator import Authenticate
from streamlit_authenticator.controllers import AuthenticationController
from streamlit_authenticator.models.authentication_model import AuthenticationModel

from clinic_core.auth.schemas import SignedInUser, SignIn
from clinic_core.auth.service import authenticate
from clinic_core.auth.sign_in import create_ticket
from clinic_core.errors import ClinicError, SignInRefused
from clinic_core.ui.wording import plain
from clinic_core.web.addresses import address_group
from clinic_core.web.cookies import NONCE, PREFIX
from clinic_core.web.metrics import SIGN_INS

_LEFT_BEHIND = ("authentication_status", "username", "name", "email", "roles", "logout", "password_hint")
_FIELDS = {"Form name": "Sign in", "Username": "E-mail", "Password": "Password", "Login": "Sign in"}
# The package wants a key for what is never encrypted with it.
_UNUSED_KEY = secrets.token_hex(32)


class _OwnCheck(AuthenticationModel):  # type: ignore[misc]
    """The package's model with every attempt handed to our own check."""

    def __init__(self) -> None:
        super().__init__({"usernames": {}}, auto_hash=False, secret_key=_UNUSED_KEY)
        self.found: SignedInUser | None = None
        self.refused: ClinicError | None = None

    def check_credentials(self, username: str, password: str) -> bool:
        """True when e-mail and password sign in."""
        address = address_group(st.context.ip_address or "")
        try:
            self.found = authenticate(SignIn(email=username, password=SecretStr(password), address=address))
        except ClinicError as error:
            self.refused = error
            SIGN_INS.labels("refused" if isinstance(error, SignInRefused) else "unavailable").inc()
            return False
        SIGN_INS.labels("signed in").inc()
        self.credentials["usernames"][username] = {}
        return True

    def _get_user_name(self, username: str) -> str:
        return username

    def _record_failed_login_attempts(self, username: str, reset: bool = False) -> None:
        """The package's own counting, which forgets; ours is in the check."""


class _NoCookie:
    """In place of the package's cookie, whose part for the browser would load on the sign-in page for nothing."""

    def get_cookie(self) -> None:
        """There is none."""

    def set_cookie(self) -> None:
        """None is set; the gate knows the session by its own."""


class _Widget(Authenticate):  # type: ignore[misc]
    """The package's widget, put together from the parts that are used."""

    def __init__(self, model: _OwnCheck) -> None:
        self.path = None
        self.secret_key = _UNUSED_KEY
        self.attrs = {"login_sleep_time": 0}
        self.cookie_controller = _NoCookie()
        self.authentication_controller = AuthenticationController({"usernames": {}}, auto_hash=False)
        self.authentication_controller.authentication_model = model


def draw_sign_in() -> None:
    """The form; who signs in leaves this page with a ticket that becomes the cookie."""
    model = _OwnCheck()
    _, middle, _ = st.columns([1, 1, 1])
    with middle:
        st.title("Clinicboard", anchor=False)
        _Widget(model).login(fields=_FIELDS)
        for name in _LEFT_BEHIND:
            st.session_state.pop(name, None)
        if model.found is not None:
            _leave(model.found)
        if model.refused is not None:
            st.error(plain(model.refused.message), icon=":material/error:")
        st.caption("Forgotten your password? An administrator of your clinic gives you a link to choose a new one.")


def _leave(found: SignedInUser) -> NoReturn:
    """To the exchange of the ticket, which this browser alone can make: its nonce cookie is not readable by scripts."""
    nonce = st.context.cookies.get(PREFIX + NONCE) or st.context.cookies.get(NONCE)
    context = get_script_run_ctx()
    if not nonce or context is None:
        st.error("Your browser did not keep a cookie; please allow cookies for this site and reload the page.")
        st.stop()
    message = ForwardMsg()
    message.auth_redirect.url = f"/session/exchange?t={create_ticket(found, nonce)}"
    context.enqueue(message)
    st.stop()
