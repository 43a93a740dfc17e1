"""The word diff: lossless, minimal where it is easy to see, and quick on the longest notes."""

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from clinic_core.clinical_docs.diff import note_diff, word_diff
from clinic_core.clinical_docs.schemas import SECTION_LIMIT, DiffKind, Section, SoapNotes

TEXTS = st.text(alphabet="ab é.\n\t 12-", max_size=60) | st.text(max_size=40)


def joined(before: str, after: str, *kinds: DiffKind) -> str:
    return "".join(part.text for part in word_diff(before, after) if part.kind in kinds)


@given(TEXTS, TEXTS)
def test_a_diff_holds_both_texts_to_the_character(before: str, after: str) -> None:
    assert joined(before, after, DiffKind.SAME, DiffKind.REMOVED) == before
    assert joined(before, after, DiffKind.SAME, DiffKind.ADDED) == after


@given(TEXTS)
def test_equal_texts_differ_in_nothing(text: str) -> None:
    assert {part.kind for part in word_diff(text, text)} <= {DiffKind.SAME}


@given(TEXTS, TEXTS)
def test_neighbouring_parts_are_of_different_kinds_and_never_empty(before: str, after: str) -> None:
    parts = word_diff(before, after)
    assert all(part.text for part in parts)
    assert all(one.kind is not next_one.kind for one, next_one in pairwise(parts))


def test_one_changed_word_is_all_that_is_marked() -> None:
    parts = word_diff("Pain in the left knee.\nNo fever.", "Pain in the right knee.\nNo fever.")
    assert [(part.kind.value, part.text) for part in parts] == [
        ("same", "Pain in the "),
        ("removed", "left"),
        ("added", "right"),
        ("same", " knee.\nNo fever."),
    ]


def test_only_sections_that_changed_are_shown() -> None:
    changes = note_diff(SoapNotes(subjective="Tired", plan="Rest"), SoapNotes(subjective="Tired", plan="Rest more"))
    assert [change.section for change in changes] == [Section.PLAN]


def test_the_longest_notes_are_compared_within_seconds() -> None:
    before = "no pain today " * (SECTION_LIMIT // 14)
    after = "some pain \n today " * (SECTION_LIMIT // 18)
    began = time.perf_counter()
    assert joined(before, after, DiffKind.SAME, DiffKind.ADDED) == after
    lines, turned = "a\nb\n" * (SECTION_LIMIT // 4), "b\na\nc\n" * (SECTION_LIMIT // 6)
    assert joined(lines, turned, DiffKind.SAME, DiffKind.ADDED) == turned
    assert time.perf_counter() - began < 10
