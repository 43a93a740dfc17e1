"""The ASGI app: Streamlit behind the session gate, with our own routes. Started by `clinic serve`."""

import asyncio
import gc
import importlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager
from streamlit.starlette import App

from clinic_core.db.engine import app_engine, assert_app_role
from clinic_core.jobs.worker import InsideWorker
from clinic_core.settings import PROJECT_ROOT, settings
from clinic_core.ui.script_error import draw_script_error
from clinic_core.web.errors import ERROR_ANSWERS, CatchUnexpected
from clinic_core.web.gate import SessionGate
from clinic_core.web.metrics import RequestMetrics
from clinic_core.web.routes import ROUTES
from clinic_core.web.security_headers import SecurityHeaders

# Not what brings components of its own: they register with the running server, which does not exist yet then.
WARM_IMPORTS = ("pandas", "plotly.graph_objects", "fpdf")

MIDDLEWARE = (Middleware(RequestMetrics), Middleware(SecurityHeaders), Middleware(CatchUnexpected))

# Else Streamlit would run a file of `pages/` by its address without Home.py, until somebody opened the menu.
PagesManager.uses_pages_directory = False


@asynccontextmanager
async def lifespan(_app: App) -> AsyncIterator[None]:
    """Refuses a database login that could see other tenants; imports what the first page would wait for.

    Where nobody else works off the queue, the app does so as long as it serves.

    Streamlit switches the web server's logs on, whatever was configured: addresses hold one-time links, and each
    websocket is logged with whose it is.
    What is loaded by then stays for ever, so the collector need not look at it again: without that Streamlit's
    reruns are five times slower.
    """
    access_log = logging.getLogger("uvicorn.access")
    access_log.handlers, access_log.propagate = [], False
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    assert_app_role(app_engine())
    for name in WARM_IMPORTS:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    worker = InsideWorker() if settings().is_worker_inside else None
    if worker is not None:
        worker.start()
    try:
        yield
    finally:
        if worker is not None:
            await asyncio.to_thread(worker.stop)


app = st.App(
    PROJECT_ROOT / "Home.py",
    routes=ROUTES,
    middleware=[*MIDDLEWARE, Middleware(SessionGate)],
    lifespan=lifespan,
    on_script_error=draw_script_error,
    exception_handlers=ERROR_ANSWERS,
)
