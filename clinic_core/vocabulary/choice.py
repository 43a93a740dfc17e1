"""The base of every closed vocabulary."""

from enum import StrEnum


class Choice(StrEnum):
    """A closed list of words; PostgreSQL holds the same list as a CHECK."""

    @property
    def label(self) -> str:
        """The word as people read it, in sentence case."""
        return self.value.replace("_", " ").capitalize()
