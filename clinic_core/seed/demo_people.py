"""The invented patients of the demo clinic. Family names mean "example" in some language, so none can be mistaken.

Contacts cannot reach anybody: phone numbers come from ranges kept free for fiction (Germany: Berlin 030 23125 000 to
999, Bundesnetzagentur; United Kingdom: 01632 960000 to 960999, Ofcom), addresses of e-mail from RFC 2606.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from clinic_core.seed.demo_clinic import COMPLAINTS, LOCATIONS, STAFF, Complaint
from clinic_core.vocabulary import BaselineRole, Sex

PATIENTS = 120
OLDEST_DAYS, YOUNGEST_DAYS = 88 * 365, 6 * 365
BEFORE_THE_STORY = 0.7
# Every so many patients one was there before the story only, and has not come back.
FORMER_EVERY, FORMER_FIRST = 15, 7

# Given names and family names of one script stand together.
_NAMES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("Ada", "Ben", "Clara", "David", "Emma", "Felix", "Grace", "Hugo"), ("Demo", "Sample", "Example", "Specimen")),
    (("Jürgen", "Käthe", "Lena", "Moritz", "Anneliese", "Götz"), ("Muster", "Mustermann", "Beispiel", "Musterfrau")),
    (("Élodie", "François", "Hélène", "Loïc", "Agnès"), ("Exemple", "Modèle", "Dupont-Exemple")),
    (("João", "Conceição", "Inês", "Simão", "Íris"), ("Exemplo", "Amostra", "da Silva Exemplo")),
    (("Łukasz", "Zofia", "Żaneta", "Šimon", "Jiří"), ("Przykład", "Vzorný", "Příklad")),
    (("Ayşe", "Çiğdem", "Gül", "İbrahim"), ("Örnek", "Deneme")),
    (("Αλέξανδρος", "Ελένη", "Γιώργος"), ("Παράδειγμα", "Δοκιμή")),
    (("Анна", "Михаил", "Ольга", "Юрий"), ("Пример", "Образец")),
    (("ليلى", "عمر", "فاطمة"), ("مثال", "تجربة")),
    (("נועה", "דוד"), ("דוגמה",)),
    (("花子", "太郎", "さくら"), ("例", "見本")),
    (("小明", "芳"), ("示例", "样本")),
    (("민준", "서연"), ("예시",)),
    (("आरव", "दिया"), ("उदाहरण",)),
    (("Đức", "Thảo", "Nguyệt"), ("Ví Dụ", "Mẫu")),
)
_LATIN_SHARE = 6
_ALERTS = ("Allergic to latex.", "Uses a wheelchair.", "Hard of hearing, speak clearly.", "Needs an interpreter.")
_PAYERS = ("Demo Health Insurance", "Example Mutual", "Sample Care")
_REFERRALS = ("Family doctor", "Recommended by a patient", "Web search", "Employer")


@dataclass(frozen=True)
class PlannedPatient:
    """A patient as the plan knows them; `joins_on` and `leaves_on` bound the days on which they come."""

    index: int
    first_name: str
    last_name: str
    preferred_name: str
    dob: date
    sex: Sex
    phone: str
    email: str
    street: str
    location: str
    practitioner: str
    complaint: Complaint
    alerts: tuple[str, ...]
    payer: str
    referral: str
    joins_on: date
    leaves_on: date
    regularity: int
    billed_together: bool

    @property
    def is_former(self) -> bool:
        """Whether they came once, before the story begins."""
        return self.index % FORMER_EVERY == FORMER_FIRST


def plan_patients(rng: Random, first_day: date, today: date, last_day: date) -> list[PlannedPatient]:
    """The patients of the story from `first_day` to `last_day`; the first one has portal access."""
    names: set[tuple[str, str]] = set()
    return [_patient(rng, index, names, first_day, today, last_day) for index in range(PATIENTS)]


def _name(rng: Random, index: int, taken: set[tuple[str, str]]) -> tuple[str, str]:
    """Every second patient from the scripts in turn while there are names left; nobody is called like another."""
    scripts = [_NAMES[index // 2 % len(_NAMES)]] if index % 2 else list(_NAMES[:_LATIN_SHARE])
    while True:
        free = [(first, last) for firsts, lasts in scripts for first in firsts for last in lasts]
        free = [name for name in free if name not in taken]
        if free:
            taken.add(chosen := rng.choice(free))
            return chosen
        scripts = list(_NAMES[:_LATIN_SHARE])


def _patient(
    rng: Random, index: int, names: set[tuple[str, str]], first_day: date, today: date, last_day: date
) -> PlannedPatient:
    first, last = _name(rng, index, names)
    location = LOCATIONS[0] if rng.random() < 0.6 else LOCATIONS[1]
    here = [
        person.sign_in
        for person in STAFF
        if person.role is BaselineRole.PRACTITIONER and location.key in person.locations
    ]
    phone = f"+49 30 23125 {index + 1:03}" if location is LOCATIONS[0] else f"+44 1632 960{index + 1:03}"
    joins_on = first_day
    if rng.random() > BEFORE_THE_STORY:
        joins_on = first_day + timedelta(days=rng.randrange((today - first_day).days))
    leaves_on = last_day
    if rng.random() < 0.15:
        leaves_on = joins_on + timedelta(days=rng.randrange(20, 60))
    if index % FORMER_EVERY == FORMER_FIRST:
        joins_on = leaves_on = first_day - timedelta(days=10 + index * 3 // 2)
    return PlannedPatient(
        index=index,
        first_name=first,
        last_name=last,
        preferred_name=first[:3] if index % 11 == 5 and len(first) > 4 else "",
        dob=today - timedelta(days=rng.randrange(YOUNGEST_DAYS, OLDEST_DAYS)),
        sex=rng.choices((Sex.FEMALE, Sex.MALE, Sex.OTHER, Sex.UNKNOWN), (48, 48, 2, 2))[0],
        phone=phone if index % 9 else "",
        email=f"patient{index + 1:03}@example.org" if index % 7 else "",
        street=f"{rng.choice(('Musterweg', 'Beispielallee', 'Rua do Exemplo'))} {rng.randrange(1, 120)}",
        location=location.key,
        practitioner=rng.choice(here),
        complaint=rng.choice(COMPLAINTS),
        alerts=(rng.choice(_ALERTS),) if rng.random() < 0.12 else (),
        payer=rng.choice(_PAYERS) if rng.random() < 0.45 else "",
        referral=rng.choice(_REFERRALS) if rng.random() < 0.6 else "",
        joins_on=joins_on,
        leaves_on=leaves_on,
        regularity=rng.choice((1, 1, 2, 2, 3)),
        billed_together=rng.random() < 0.85,
    )
