"""Links that open an account (I2): whoever makes one could sign in with it."""

import pytest

from clinic_core.access import perform
from clinic_core.auth.schemas import CreateLink
from clinic_core.auth.service import create_reset_link
from clinic_core.errors import PermissionDenied
from tests.factories import Clinic


@pytest.mark.parametrize("name", ["practitioner", "owner"])
def test_nobody_makes_a_link_to_an_account_that_may_do_more(clinic: Clinic, name: str) -> None:
    link = CreateLink(user_id=clinic.users[name])
    with pytest.raises(PermissionDenied, match="Owner"):
        perform(clinic.actor("admin"), create_reset_link, link)
    assert not perform(clinic.actor("owner"), create_reset_link, link).was_shown


@pytest.mark.parametrize("name", ["admin", "manager", "assistant", "patient"])
def test_an_admin_makes_links_for_those_who_may_do_no_more(clinic: Clinic, name: str) -> None:
    link = CreateLink(user_id=clinic.users[name])
    assert perform(clinic.actor("admin"), create_reset_link, link).display_name == name.title()
