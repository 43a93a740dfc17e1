"""Signing in: one answer for every wrong pair, a growing delay, old hashes replaced, everything audited."""

import gzip
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import bcrypt
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from clinic_core.access import owner_work
from clinic_core.auth import passwords
from clinic_core.auth.schemas import SignedInUser, SignIn
from clinic_core.auth.sign_in import REFUSED, authenticate
from clinic_core.auth.throttle import ACCOUNT_DELAY, ADDRESS_DELAY
from clinic_core.errors import InvalidInput, SignInRefused
from clinic_core.kit.ids import new_id
from tests.auth.conftest import PASSWORD, audited
from tests.factories import Clinic, make_clinic

SignInAs = Callable[..., SignedInUser]
WRONG = "wrong password"


def refusal(sign_in: SignInAs, email: str, password: str = WRONG) -> str:
    with pytest.raises(SignInRefused) as refused:
        sign_in(email, password)
    return refused.value.message


def column(clinic: Clinic, role: str, name: str) -> object:
    with owner_work("test.look") as session:
        return session.execute(
            text(f"select {name} from app_user where id = :id"), {"id": clinic.users[role]}
        ).scalar_one()


def set_columns(clinic: Clinic, role: str, assignments: str, **values: object) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(text(f"update app_user set {assignments} where id = :id"), {"id": clinic.users[role], **values})


def let_time_pass(address: str, minutes: int) -> None:
    """Ages all attempts of the database; the tests of one worker run one after the other."""
    with owner_work("test.arrange") as session:
        session.execute(
            text("update sign_in_attempt set created_at = created_at - :age"), {"age": timedelta(minutes=minutes)}
        )


def test_the_right_password_signs_in_whatever_the_case_of_the_address(with_password: Clinic, sign_in: SignInAs) -> None:
    found = sign_in(f"  {with_password.email('assistant').upper()} ")
    assert found.user_id == with_password.users["assistant"]
    assert column(with_password, "assistant", "last_login_at") is not None
    assert audited(with_password, "signed_in") == [(found.user_id, {})]


@pytest.mark.parametrize("status", ["inactive", "invited"])
def test_a_wrong_password_an_unknown_address_and_a_closed_account_answer_alike(
    with_password: Clinic, sign_in: SignInAs, status: str
) -> None:
    set_columns(with_password, "manager", "status = :status", status=status)
    answers = {
        refusal(sign_in, with_password.email("assistant")),
        refusal(sign_in, "nobody@example.test"),
        refusal(sign_in, with_password.email("manager"), PASSWORD),
        refusal(sign_in, "nul\0@example.test"),
        refusal(sign_in, "x" * 10_000),
        refusal(sign_in, ""),
    }
    assert answers == {REFUSED}
    assert audited(with_password, "sign_in_failed", with_password.users["assistant"]) == [(None, {"failures": 1})]


@pytest.mark.parametrize("case", ["known", "unknown", "no password", "inactive", "too long"])
def test_every_attempt_costs_one_hash(
    with_password: Clinic, sign_in: SignInAs, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    set_columns(with_password, "manager", "password_hash = null")
    set_columns(with_password, "admin", "status = 'inactive'")
    passwords.verify_password(None, "warm the dummy")
    verified: list[str] = []
    verify = passwords._verify

    def counting(stored: str, password: str) -> bool:
        verified.append(stored[:10])
        return verify(stored, password)

    monkeypatch.setattr(passwords, "_verify", counting)
    emails = {"no password": "manager", "inactive": "admin", "known": "assistant", "too long": "assistant"}
    email = with_password.email(emails[case]) if case in emails else "nobody@example.test"
    refusal(sign_in, email, "p" * 5000 if case == "too long" else WRONG)
    assert verified == ["$argon2id$"]


@pytest.mark.parametrize("who", ["known", "unknown"])
def test_the_delay_of_an_account_grows_is_the_same_for_unknown_ones_and_always_ends(
    with_password: Clinic, who: str
) -> None:
    email = with_password.email("assistant") if who == "known" else f"nobody-{new_id()}@example.test"

    def attempt(password: str = WRONG) -> SignedInUser:
        request = SignIn(email=email, password=SecretStr(password), address=f"address-{new_id()}")
        return authenticate(request)

    for _ in range(ACCOUNT_DELAY.free):
        assert refusal(lambda *_: attempt(), email) == REFUSED
    waiting = "There were too many failed attempts; please wait a minute and try again."
    assert refusal(lambda *_: attempt(PASSWORD), email) == waiting
    assert refusal(lambda *_: attempt(PASSWORD), email) == waiting
    for _ in range(12):
        let_time_pass(email, 15)
        assert refusal(lambda *_: attempt(), email) == REFUSED
    assert "15 minutes" in refusal(lambda *_: attempt(PASSWORD), email)
    let_time_pass(email, 15)
    if who == "known":
        assert attempt(PASSWORD).user_id == with_password.users["assistant"]
        assert refusal(lambda *_: attempt(), email) == REFUSED


def test_a_known_account_shows_until_when_it_waits(with_password: Clinic, sign_in: SignInAs) -> None:
    for _ in range(ACCOUNT_DELAY.free):
        refusal(sign_in, with_password.email("owner"))
    assert column(with_password, "owner", "failed_sign_ins") == ACCOUNT_DELAY.free
    assert column(with_password, "owner", "locked_until > now()") is True


def test_one_address_waits_after_failing_with_many_accounts_and_others_do_not(
    with_password: Clinic, sign_in: SignInAs, address: str
) -> None:
    for number in range(ADDRESS_DELAY.free):
        assert refusal(sign_in, f"{number}-{new_id()}@example.test") == REFUSED
    assert "too many failed attempts" in refusal(sign_in, with_password.email("owner"), PASSWORD)
    elsewhere = SignIn(email=with_password.email("owner"), password=SecretStr(PASSWORD), address=f"other {address}")
    assert authenticate(elsewhere).user_id == with_password.users["owner"]


def test_one_address_cannot_keep_the_owner_out(with_password: Clinic, sign_in: SignInAs, address: str) -> None:
    """Whoever keeps failing from one address waits longer than the account does."""
    email = with_password.email("owner")
    for _ in range(ADDRESS_DELAY.free + 7):
        let_time_pass(address, 40)
        assert refusal(sign_in, email) == REFUSED
    let_time_pass(address, 16)
    assert "too many failed attempts" in refusal(sign_in, email)
    elsewhere = SignIn(email=email, password=SecretStr(PASSWORD), address=f"other {address}")
    assert authenticate(elsewhere).user_id == with_password.users["owner"]


def test_a_burst_of_attempts_cannot_outrun_the_count(with_password: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    email = with_password.email("assistant")
    monkeypatch.setattr(passwords, "_verify", lambda _stored, _password: False)

    def attempt(number: int) -> str:
        try:
            authenticate(SignIn(email=email, password=SecretStr(WRONG), address=f"{email} {number}"))
        except SignInRefused as refused:
            return refused.message
        return "signed in"

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(attempt, range(32)))
    assert answers.count(REFUSED) == ACCOUNT_DELAY.free


def test_a_bcrypt_hash_signs_in_once_and_is_replaced(with_password: Clinic, sign_in: SignInAs) -> None:
    old = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    set_columns(with_password, "assistant", "password_hash = :hash", hash=old)
    sign_in(with_password.email("assistant"))
    assert str(column(with_password, "assistant", "password_hash")).startswith("$argon2id$")
    sign_in(with_password.email("assistant"))


def test_a_long_password_does_not_break_a_bcrypt_hash(with_password: Clinic, sign_in: SignInAs) -> None:
    old = bcrypt.hashpw(b"p" * 72, bcrypt.gensalt(4)).decode()
    set_columns(with_password, "assistant", "password_hash = :hash", hash=old)
    assert sign_in(with_password.email("assistant"), "p" * 100).user_id == with_password.users["assistant"]


def test_attempts_are_kept_without_address_or_email_and_purged_after_thirty_days(sign_in: SignInAs) -> None:
    refusal(sign_in, "traceable@example.test")
    let_time_pass("", 31 * 24 * 60)
    refusal(sign_in, "someone.else@example.test")
    with owner_work("test.look") as session:
        rows = session.execute(text("select email_hash, address_hash, created_at from sign_in_attempt")).all()
        oldest = session.execute(text("select min(created_at) > now() - interval '30 days' from sign_in_attempt"))
        assert oldest.scalar() is True
    assert all(len(row.email_hash) == len(row.address_hash) == 32 for row in rows)


def test_a_person_of_another_clinic_signs_in_to_their_own(sign_in: SignInAs, stored_password: str) -> None:
    first, second = make_clinic(), make_clinic()
    for clinic in (first, second):
        set_columns(clinic, "owner", "password_hash = :hash", hash=stored_password)
    assert sign_in(first.email("owner")).organization_id == first.organization_id
    assert sign_in(second.email("owner")).organization_id == second.organization_id


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", "at least 8"),
        ("x" * 129, "more than 128"),
        ("password123", "most common"),
        ("PassWord123", "most common"),
        ("with\0nul-byte", "control characters"),
        ("ada@example.test", "e-mail address"),
    ],
)
def test_a_new_password_is_refused_with_a_reason_that_does_not_repeat_it(password: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence) as refused:
        passwords.check_new_password(password, email="ada@example.test")
    assert password not in refused.value.message


@pytest.mark.parametrize(
    "password", ["kxqzwvjm", "nur kleine buchstaben", "пароль-для-входа", "x" * 128, " padded words "]
)
def test_length_is_all_that_counts(password: str) -> None:
    passwords.check_new_password(password)
    assert passwords.verify_password(passwords.hash_password(password), password)


def test_the_same_letters_in_another_unicode_form_are_the_same_password() -> None:
    assert passwords.verify_password(passwords.hash_password("Mu\u0308ller im Zug"), "M\u00fcller im Zug")


def test_the_list_of_common_passwords_is_whole_and_names_its_source() -> None:
    with gzip.open(passwords.COMMON_PASSWORDS, "rt", encoding="utf-8") as lines:
        listed = [line.strip() for line in lines]
    assert len(listed) > 19_000
    assert [word for word in listed if word != word.lower()] == []
    notice = passwords.COMMON_PASSWORDS.with_name("common_passwords.LICENSE.txt").read_text(encoding="utf-8")
    assert "Django" in notice
    assert "BSD" in notice
