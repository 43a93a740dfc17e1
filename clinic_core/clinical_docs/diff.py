"""What changed between two texts, word by word. Pure: no database, no screen."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from clinic_core.clinical_docs.schemas import DiffKind, DiffPart, Section, SectionDiff, SoapNotes

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
# Comparing words costs the product of both lengths; a block beyond this is shown as replaced as a whole.
_LARGEST_BLOCK = 1_000_000


def word_diff(before: str, after: str) -> tuple[DiffPart, ...]:
    """The runs of words that stayed, went and came, in reading order.

    The parts that are not added make up `before`, those that are not removed make up `after`, to the character.
    Lines are compared first and words within changed lines, so that long notes stay quick.
    """
    if before == after:
        return _parts([(DiffKind.SAME, before)])
    return _parts(_runs(before.splitlines(keepends=True), after.splitlines(keepends=True)))


def note_diff(before: SoapNotes, after: SoapNotes) -> tuple[SectionDiff, ...]:
    """How the sections differ; a section that is the same is left out."""
    return tuple(
        SectionDiff(section=section, parts=word_diff(before.text(section), after.text(section)))
        for section in Section
        if before.text(section) != after.text(section)
    )


def _runs(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[DiffKind, str]]:
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(None, before, after).get_opcodes():
        old, new = "".join(before[old_from:old_to]), "".join(after[new_from:new_to])
        if tag == "equal":
            yield DiffKind.SAME, old
        else:
            yield from _words(old, new)


def _words(before: str, after: str) -> Iterator[tuple[DiffKind, str]]:
    old_words, new_words = _WORDS.findall(before), _WORDS.findall(after)
    if len(old_words) * len(new_words) > _LARGEST_BLOCK:
        yield DiffKind.REMOVED, before
        yield DiffKind.ADDED, after
        return
    matcher = SequenceMatcher(lambda word: word.isspace(), old_words, new_words, autojunk=False)
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag == "equal":
            yield DiffKind.SAME, "".join(old_words[old_from:old_to])
        else:
            yield DiffKind.REMOVED, "".join(old_words[old_from:old_to])
            yield DiffKind.ADDED, "".join(new_words[new_from:new_to])


def _parts(runs: Sequence[tuple[DiffKind, str]] | Iterator[tuple[DiffKind, str]]) -> tuple[DiffPart, ...]:
    """Empty runs dropped, neighbours of one kind joined."""
    parts: list[DiffPart] = []
    for kind, text in runs:
        if not text:
            continue
        if parts and parts[-1].kind is kind:
            parts[-1] = DiffPart(kind=kind, text=parts[-1].text + text)
        else:
            parts.append(DiffPart(kind=kind, text=text))
    return tuple(parts)
