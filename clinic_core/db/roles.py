"""The two logins of the database; everything that connects says which of them it is."""

from enum import StrEnum


class DatabaseRole(StrEnum):
    """`app` works for people under row-level security, `owner` owns the schema and migrates it."""

    APP = "app"
    OWNER = "owner"

    @property
    def login(self) -> str:
        """The name of the PostgreSQL role."""
        return f"clinic_{self.value}"


SUPERUSER_LOGIN = "postgres"
