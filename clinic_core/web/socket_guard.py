"""The guard of one signed-in websocket: every frame asks whether the session lives, and a watch asks between frames.

When it does not, the tab is sent to sign-in, the socket closed with 4401, and no further frame reaches a script.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clinic_core.auth.schemas import LiveSession
from clinic_core.errors import Unavailable
from clinic_core.web.frames import is_activity, redirect_frame

EXPIRED = "/session/login?r=expired"
CLOSE_ENDED = 4401
CLOSE_TRY_AGAIN = 1013
TOUCH_SECONDS = 20.0

FindSession = Callable[[], Awaitable[LiveSession | None]]
TouchSession = Callable[[LiveSession], Awaitable[None]]


class SocketGuard:
    """Stands between the server and Streamlit for one websocket of a session."""

    def __init__(self, find: FindSession, touch: TouchSession, watch_seconds: float) -> None:
        self._find = find
        self._touch = touch
        self._watch_seconds = watch_seconds
        self._ended = asyncio.Event()
        self._accepted = asyncio.Event()
        self._close_code = CLOSE_ENDED
        self._touched_at = 0.0
        self._gone = False

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves the socket until the browser leaves or the session ends."""

        async def guarded_send(message: Message) -> None:
            if self._ended.is_set() or self._gone:
                return
            self._gone = message["type"] == "websocket.close"
            await send(message)
            if message["type"] == "websocket.accept":
                self._accepted.set()

        async def guarded_receive() -> Message:
            return await self._next(receive, send)

        watch = asyncio.create_task(self._watch(send))
        try:
            await app(scope, guarded_receive, guarded_send)
        finally:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch
            if self._ended.is_set() and not self._gone:
                await _quietly(send, {"type": "websocket.close", "code": self._close_code})

    async def _next(self, receive: Receive, send: Send) -> Message:
        """The next message for Streamlit; a disconnect as soon as the session has ended."""
        coming = asyncio.ensure_future(receive())
        ending = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
            if self._ended.is_set():
                return self._disconnected()
            message = await coming
        finally:
            for task in (coming, ending):
                task.cancel()
        if message["type"] == "websocket.disconnect":
            self._gone = True
        if message["type"] == "websocket.receive" and not await self._may_pass(message, send):
            return self._disconnected()
        return message

    async def _may_pass(self, message: Message, send: Send) -> bool:
        try:
            found = await self._find()
            if found is None:
                await self._end(send)
                return False
            frame = message.get("bytes")
            if frame and is_activity(frame) and time.monotonic() - self._touched_at > TOUCH_SECONDS:
                await self._touch(found)
                self._touched_at = time.monotonic()
        except Unavailable:
            # Nobody knows whether the session lives: the browser connects again by itself when the database is back.
            self._close_code = CLOSE_TRY_AGAIN
            self._ended.set()
            return False
        return True

    async def _watch(self, send: Send) -> None:
        await self._accepted.wait()
        while not self._ended.is_set():
            await asyncio.sleep(self._watch_seconds)
            try:
                found = await self._find()
            except Unavailable:
                continue
            if found is None:
                await self._end(send)

    async def _end(self, send: Send) -> None:
        if self._ended.is_set() or self._gone:
            return
        self._ended.set()
        await _quietly(send, {"type": "websocket.send", "bytes": redirect_frame(EXPIRED)})

    def _disconnected(self) -> Message:
        return {"type": "websocket.disconnect", "code": self._close_code}


async def bounce(scope: Scope, receive: Receive, send: Send, address: str) -> None:
    """Sends a tab whose session is dead to another address, and closes its socket."""
    await receive()
    subprotocols: list[str] = scope.get("subprotocols") or []
    await send({"type": "websocket.accept", "subprotocol": subprotocols[0] if subprotocols else None})
    await send({"type": "websocket.send", "bytes": redirect_frame(address)})
    await send({"type": "websocket.close", "code": CLOSE_ENDED})


async def _quietly(send: Send, message: Message) -> None:
    """Sends to a browser that may have left in this moment, which the server reports in its own words."""
    with contextlib.suppress(OSError, RuntimeError):
        await send(message)
