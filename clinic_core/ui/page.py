"""What every page stands on: the guard, reading, running a use case, request ids, moving between pages."""

import logging
import traceback
from collections.abc import Callable
from typing import Concatenate, NoReturn, ParamSpec, TypeVar
from uuid import UUID

import streamlit as st
from pydantic import BaseModel, ValidationError
from streamlit.navigation.page import Page as StreamlitPage

from clinic_core.access import Actor, Permission, Work, perform
from clinic_core.auth.sessions import ANONYMOUS
from clinic_core.errors import BookingConflict, ClinicError, InvalidInput, NotSignedIn, Unavailable
from clinic_core.kit.ids import new_id
from clinic_core.ui.nav import may_open
from clinic_core.ui.session import current_actor, go_to_sign_in, session_id
from clinic_core.ui.states import as_invalid_input, draw_not_allowed, draw_refusal, draw_unavailable, draw_unexpected
from clinic_core.ui.wording import plain

P = ParamSpec("P")
R = TypeVar("R")
Request = TypeVar("Request", bound=BaseModel)

START_SENTENCE = "Start with clinic serve: this script shows nothing without the gate in front of it."

_LOG = logging.getLogger("clinic_core.ui")
_MESSAGE = "_message"
_REFUSAL = "_refusal"
_REQUEST_IDS = "_request_ids"


class Page:
    """One page for the person at the screen."""

    def __init__(self, title: str) -> None:
        self.title = title
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.title(plain(title), anchor=False, width="stretch")
            self.actions = st.container(
                horizontal=True,
                horizontal_alignment="right",
                vertical_alignment="center",
                width="content",
                gap="small",
            )
        self.notice = st.container(gap="xsmall")

    @property
    def actor(self) -> Actor:
        """The person at the screen, as the database knows them in this run."""
        return current_actor()

    def read(self, function: Callable[Concatenate[Work, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The answer of a query; a refusal is drawn and ends the run."""
        try:
            return perform(self.actor, function, *args, **kwargs)
        except ClinicError as error:
            stop_with(error)

    def run(
        self, function: Callable[[Work, Request], R], request: Request | Callable[[], Request], *, done: str = ""
    ) -> R | None:
        """One use case in one transaction; None when it was refused, the sentence is then drawn here.

        `request` may be a function that makes the request, so that what Pydantic refuses is a sentence too. `done` is
        the message for afterwards, with the result's fields in braces: "Invoice {number} is issued."; it is shown by
        the next run of any page, so rerun or go somewhere.
        """
        try:
            return self._perform(function, request, done)
        except ClinicError as error:
            draw_refusal(error)
            return None

    def run_or_conflict(
        self, function: Callable[[Work, Request], R], request: Request | Callable[[], Request], *, done: str = ""
    ) -> R | BookingConflict | None:
        """As `run`, but what is in the way of a booking is the answer, for who draws it with the times instead."""
        try:
            return self._perform(function, request, done)
        except BookingConflict as conflict:
            return conflict
        except ClinicError as error:
            draw_refusal(error)
            return None

    def run_for_next(
        self, function: Callable[[Work, Request], R], request: Request | Callable[[], Request], *, done: str = ""
    ) -> R | None:
        """As `run`, but a refusal too is shown by the next run, under the page's head: for callbacks and drags."""
        try:
            return self._perform(function, request, done)
        except ClinicError as error:
            st.session_state[_REFUSAL] = error
            return None

    def _perform(
        self, function: Callable[[Work, Request], R], request: Request | Callable[[], Request], done: str
    ) -> R:
        try:
            made = request() if callable(request) else request
        except ValidationError as error:
            raise as_invalid_input(error) from error
        row = perform(self.actor, function, made)
        _forget_request_id(getattr(made, "request_id", None))
        if done:
            self.tell(done.format(**_fields(row)))
        return row

    def tell(self, message: str) -> None:
        """A message for the next run of any page; it names the object, never a person."""
        st.session_state[_MESSAGE] = message

    def request_id(self, key: str) -> UUID:
        """The id of the form of that name: the same at every rerun until the form was sent with success."""
        ids: dict[str, UUID] = st.session_state.setdefault(_REQUEST_IDS, {})
        return ids.setdefault(f"{self.title}/{key}", new_id())

    def id(self, name: str) -> UUID | None:
        """The id under that name in the address, as `go` put it there; anything else ends the run with a sentence."""
        found = st.query_params.get(name)
        if not found:
            return None
        try:
            return UUID(found)
        except ValueError:
            stop_with(InvalidInput(f"The address of this page is damaged: “{name}” in it is not an id."))

    def go(self, path: str, **ids: UUID | None) -> NoReturn:
        """Open another page, with ids only in its address."""
        go(path, **ids)


def open_page(title: str, *permissions: Permission) -> Page:
    """The guard and the head of a page: any one of `permissions` opens it, none means everybody signed in.

    Ends the run for whoever is not signed in or not allowed; use cases check again by themselves.
    """
    found = session_id()
    if found is None:
        st.error(START_SENTENCE)
        st.stop()
    if found == ANONYMOUS:
        go_to_sign_in()
    try:
        actor = current_actor()
    except ClinicError as error:
        stop_with(error)
    if not may_open(actor, *permissions):
        draw_not_allowed()
        st.stop()
    message = st.session_state.pop(_MESSAGE, None)
    if message:
        st.toast(plain(message), icon=":material/check_circle:")
    page = Page(title)
    refusal: ClinicError | None = st.session_state.pop(_REFUSAL, None)
    if refusal is not None:
        draw_refusal(refusal)
    return page


def go(path: str, **ids: UUID | None) -> NoReturn:
    """Open the page of that file, with ids only in its address."""
    st.switch_page(path, query_params={name: str(value) for name, value in ids.items() if value is not None})


def stop_with(error: ClinicError) -> NoReturn:
    """Draw what was refused and end the run."""
    if isinstance(error, NotSignedIn):
        go_to_sign_in()
    if isinstance(error, Unavailable):
        draw_unavailable(error.message)
    else:
        draw_refusal(error)
    st.stop()


def run_page(chosen: StreamlitPage) -> None:
    """Run a page; what it did not handle becomes a sentence, or a reference code and a log line without its data."""
    guarded(chosen.run)


def guarded(draw: Callable[[], None]) -> None:
    """Draw a part of the screen; its failure is a sentence or a reference code there, not a broken app."""
    try:
        draw()
    except ValidationError as error:
        draw_refusal(as_invalid_input(error))
    except ClinicError as error:
        stop_with(error)
    except Exception as error:
        draw_unexpected(log_unexpected(error))


def log_unexpected(error: BaseException) -> str:
    """Log where it happened, not what the values were; returns the reference code under which it stands."""
    reference = new_id().hex[-8:].upper()
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    where = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    _LOG.error("unexpected %s reference=%s at %s", type(error).__name__, reference, where)
    return reference


def _forget_request_id(used: UUID | None) -> None:
    ids: dict[str, UUID] = st.session_state.get(_REQUEST_IDS, {})
    for name in [name for name, value in ids.items() if value == used]:
        del ids[name]


def _fields(row: object) -> dict[str, object]:
    return dict(row) if isinstance(row, BaseModel) else {}
