"""The file drop: every message a file of its own, for whatever carries it on; the name is the message's id.

A message that is sent again after a crash overwrites its file, so nobody gets it twice under two names. Files hold
addresses and papers, so what nobody carried away is deleted after some days.
"""

import base64
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from uuid import UUID

from clinic_core.kit.clock import now
from clinic_core.settings import settings
from clinic_core.vocabulary import NotificationChannel

_WRITTEN, _UNFINISHED = ".json", ".json.part"


@dataclass(frozen=True)
class Attachment:
    """A file that goes out with a message."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class OutgoingMessage:
    """A message with its address; never logged, never stored anywhere but in its file."""

    id: UUID
    organization_id: UUID
    channel: NotificationChannel
    to: str
    subject: str
    text: str
    written_at: datetime
    attachments: tuple[Attachment, ...] = ()


def outbox_file(organization_id: UUID, message_id: UUID) -> Path:
    """Where the file of a message lies."""
    return _folder(organization_id) / f"{message_id}{_WRITTEN}"


def drop_message(message: OutgoingMessage) -> Path:
    """Writes a message as JSON that only this system user may read: whole or not at all, and on the disk on return.

    The time of the file is that of the message.

    Raises:
        OSError: the directory cannot be made or written.
    """
    target = outbox_file(message.organization_id, message.id)
    target.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.parent.mkdir(mode=0o700, exist_ok=True)
    unfinished = target.with_name(f".{target.stem}{_UNFINISHED}")
    written_at = message.written_at.timestamp()
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_content(message))
        file.flush()
        os.utime(descriptor, (written_at, written_at))
        os.fsync(descriptor)
    unfinished.replace(target)
    _sync_directory(target.parent)
    return target


def purge_outbox(organization_id: UUID) -> int:
    """Deletes the messages of an organisation that lie longer than `CLINIC_OUTBOX_DAYS`, half-written ones too.

    Whatever else lies there is left alone. Returns how many files went; one that somebody takes meanwhile is not
    missed.

    Raises:
        OSError: a file cannot be deleted.
    """
    oldest = (now() - timedelta(days=settings().outbox_days)).timestamp()
    folder = _folder(organization_id)
    files = chain(folder.glob(f"*{_WRITTEN}"), folder.glob(f".*{_UNFINISHED}"))
    return sum(_deleted(path, oldest) for path in files)


def _deleted(path: Path, oldest: float) -> bool:
    """Deletes a file that was written before that moment."""
    with suppress(FileNotFoundError):
        if path.stat().st_mtime < oldest:
            path.unlink()
            return True
    return False


def _folder(organization_id: UUID) -> Path:
    return settings().data_dir / "outbox" / str(organization_id)


def _content(message: OutgoingMessage) -> bytes:
    fields = {
        "id": str(message.id),
        "channel": message.channel.value,
        "to": message.to,
        "subject": message.subject,
        "text": message.text,
        "written_at": message.written_at.isoformat(),
        "attachments": [_attachment(one) for one in message.attachments],
    }
    return json.dumps(fields, ensure_ascii=False, indent=2).encode()


def _attachment(attachment: Attachment) -> dict[str, str]:
    return {
        "name": attachment.name,
        "media_type": attachment.media_type,
        "content": base64.b64encode(attachment.content).decode("ascii"),
    }


def _sync_directory(directory: Path) -> None:
    """Without it a power cut could lose the file after the database has noted it as sent."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
