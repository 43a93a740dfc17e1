"""Embedded servers from the outside: another process that uses one, a question to it, its sudden death."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg

from clinic_core.db.embedded import EmbeddedPostgres
from clinic_core.db.roles import DatabaseRole
from clinic_core.settings import PROJECT_ROOT

CLIENT = """
import os, sys
from pathlib import Path
import psycopg
from clinic_core.db.embedded import EmbeddedPostgres, exit_on_sigterm
exit_on_sigterm()
root, uid = Path(sys.argv[1]), int(sys.argv[2])
if uid != os.geteuid():
    os.setgroups([]); os.setgid(uid); os.setuid(uid)
server = EmbeddedPostgres(root)
server.start()
with psycopg.connect(server.url()) as connection:
    print(connection.execute("select session_user").fetchone()[0], server.status().pid, flush=True)
sys.stdin.read()
"""


def start_client(root: Path, uid: int | None = None) -> subprocess.Popen[str]:
    """Another process that uses the server until its standard input ends or it is told to end."""
    return subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(root), str(os.geteuid() if uid is None else uid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT_ROOT,
    )


def first_line(client: subprocess.Popen[str]) -> list[str]:
    assert client.stdout is not None
    return client.stdout.readline().split()


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def ask(server: EmbeddedPostgres, query: str, role: DatabaseRole = DatabaseRole.OWNER) -> list[tuple[object, ...]]:
    with psycopg.connect(server.url(role)) as connection:
        return connection.execute(query.encode()).fetchall()
