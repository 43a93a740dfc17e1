"""What the demo clinic is made of: places, rooms, hours, staff, catalogue, and the complaints it treats.

Plain data; everything is invented. How a seed turns it into weeks of work is in `demo_plan`.
"""

from dataclasses import dataclass
from datetime import time
from decimal import Decimal

from clinic_core.vocabulary import BaselineRole, ProductType

WEEKDAYS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Span:
    """From one wall time to another on some ISO weekdays."""

    weekdays: tuple[int, ...]
    opens: time
    closes: time


@dataclass(frozen=True)
class DemoLocation:
    """A place with its rooms and equipment, each with its category; `phone` lies in a range kept free for fiction."""

    key: str
    name: str
    address: str
    timezone: str
    phone: str
    hours: tuple[Span, ...]
    rooms: tuple[tuple[str, str], ...]
    equipment: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Shift:
    """When a practitioner works at a place, and in which room."""

    location: str
    room: str
    span: Span


@dataclass(frozen=True)
class DemoStaff:
    """A person who works here; `sign_in` is the part of the e-mail address before the domain."""

    sign_in: str
    name: str
    role: BaselineRole
    locations: tuple[str, ...]
    specialties: tuple[str, ...] = ()
    license_number: str = ""
    shifts: tuple[Shift, ...] = ()
    department: str = ""
    duties: tuple[str, ...] = ()


@dataclass(frozen=True)
class DemoItem:
    """A service (with minutes) or product of the catalogue; `weight` is how often it is booked or sold.

    `room` and `equipment` are the categories that a service needs; without one of rooms any will do.
    """

    code: str
    name: str
    type: ProductType
    price: Decimal
    tax_rate: Decimal
    weight: int
    minutes: int | None = None
    buffer: int = 0
    color: str = ""
    equipment: str = ""
    room: str = ""
    online: bool = False


@dataclass(frozen=True)
class Complaint:
    """What a patient comes with: the coded diagnosis (ICD-10) and the words of a note."""

    code: str
    text: str
    subjective: str
    objective: str
    assessment: str
    plan: str


CONSULTING, TREATMENT = "Consulting room", "Treatment room"

LOCATIONS = (
    DemoLocation(
        "berlin",
        "Berlin Riverside",
        "Musterufer 1\n10000 Berlin\nGermany",
        "Europe/Berlin",
        "+49 30 23125 000",
        (
            Span(WEEKDAYS, time(8), time(18)),
            Span((6,), time(9), time(15)),
            Span((7,), time(10), time(15)),
        ),
        (("Room 1", CONSULTING), ("Room 2", TREATMENT), ("Room 3", TREATMENT)),
        (("Ultrasound", "Ultrasound"), ("Shockwave", "Shockwave")),
    ),
    DemoLocation(
        "lisbon",
        "Lisbon Harbour",
        "Rua do Exemplo 2\n1000-000 Lisboa\nPortugal",
        "Europe/Lisbon",
        "+44 1632 960000",
        (Span(WEEKDAYS, time(9), time(13)), Span(WEEKDAYS, time(14), time(18))),
        (("Room A", TREATMENT), ("Room B", TREATMENT)),
        (("Ultrasound", "Ultrasound"),),
    ),
)

STAFF = (
    DemoStaff("owner", "Olivia Owner", BaselineRole.OWNER, ("berlin", "lisbon")),
    DemoStaff("admin", "Adam Admin", BaselineRole.ADMIN, ("berlin", "lisbon")),
    DemoStaff("manager", "Mara Manager", BaselineRole.MANAGER, ("berlin", "lisbon")),
    DemoStaff(
        "north",
        "Dr Nora North",
        BaselineRole.PRACTITIONER,
        ("berlin",),
        ("Orthopaedics", "Sports medicine"),
        "DEMO-0001",
        (
            Shift("berlin", "Room 1", Span((1, 4), time(8), time(12))),
            Shift("berlin", "Room 1", Span((1, 4), time(13), time(16))),
            Shift("berlin", "Room 1", Span((7,), time(10), time(15))),
        ),
    ),
    DemoStaff(
        "south",
        "Sam South",
        BaselineRole.PRACTITIONER,
        ("berlin",),
        ("Physiotherapy",),
        "DEMO-0002",
        (
            Shift("berlin", "Room 2", Span((2, 3, 5), time(9), time(13))),
            Shift("berlin", "Room 2", Span((2, 3, 5), time(14), time(17))),
            Shift("berlin", "Room 2", Span((6,), time(9), time(15))),
        ),
    ),
    DemoStaff(
        "east",
        "Dr Eva East",
        BaselineRole.PRACTITIONER,
        ("lisbon",),
        ("Rehabilitation",),
        "DEMO-0003",
        (
            Shift("lisbon", "Room A", Span(WEEKDAYS, time(9), time(13))),
            Shift("lisbon", "Room A", Span((1, 3), time(14), time(17))),
        ),
    ),
    DemoStaff(
        "west",
        "Wim West",
        BaselineRole.PRACTITIONER,
        ("berlin", "lisbon"),
        ("Physiotherapy", "Osteopathy"),
        "DEMO-0004",
        (
            Shift("lisbon", "Room B", Span((2,), time(10), time(13))),
            Shift("lisbon", "Room B", Span((2,), time(14), time(18))),
            Shift("berlin", "Room 3", Span((1, 3, 4), time(9), time(13))),
            Shift("berlin", "Room 3", Span((6, 7), time(10), time(15))),
        ),
    ),
    DemoStaff(
        "desk.berlin",
        "Dana Desk",
        BaselineRole.ASSISTANT,
        ("berlin",),
        department="Front desk",
        duties=("Reception", "Payments"),
    ),
    DemoStaff(
        "desk.lisbon",
        "Duarte Desk",
        BaselineRole.ASSISTANT,
        ("lisbon",),
        department="Front desk",
        duties=("Reception", "Payments", "Stock"),
    ),
)

_NONE, _REDUCED, _FULL = Decimal(0), Decimal("0.07"), Decimal("0.19")
_SERVICE, _PRODUCT = ProductType.SERVICE, ProductType.PRODUCT

CATALOGUE = (
    DemoItem("CON45", "First consultation", _SERVICE, Decimal("95.00"), _NONE, 2, 45, 5, "#1f6feb", online=True),
    DemoItem("FUP30", "Follow-up", _SERVICE, Decimal("60.00"), _NONE, 4, 30, 0, "#0e7490", online=True),
    DemoItem(
        "PHY60",
        "Physiotherapy, long",
        _SERVICE,
        Decimal("98.00"),
        _NONE,
        5,
        60,
        0,
        "#15803d",
        room=TREATMENT,
        online=True,
    ),
    DemoItem(
        "PHY45", "Physiotherapy", _SERVICE, Decimal("76.50"), _NONE, 6, 45, 0, "#3f6212", room=TREATMENT, online=True
    ),
    DemoItem("MAN45", "Manual therapy", _SERVICE, Decimal("82.00"), _NONE, 4, 45, 5, "#7c3aed", room=TREATMENT),
    DemoItem("USO30", "Ultrasound therapy", _SERVICE, Decimal("54.25"), _NONE, 2, 30, 5, "#b45309", "Ultrasound"),
    DemoItem("SHW30", "Shockwave therapy", _SERVICE, Decimal("89.90"), _NONE, 1, 30, 10, "#be123c", "Shockwave"),
    DemoItem(
        "MAS60",
        "Wellness massage",
        _SERVICE,
        Decimal("79.00"),
        _FULL,
        1,
        60,
        10,
        "#9d174d",
        room=TREATMENT,
        online=True,
    ),
    DemoItem("BAND1", "Exercise band", _PRODUCT, Decimal("11.90"), _FULL, 4),
    DemoItem("TAPE5", "Kinesiology tape, 5 m", _PRODUCT, Decimal("14.45"), _FULL, 3),
    DemoItem("BOOK1", "Home exercise booklet", _PRODUCT, Decimal("9.35"), _REDUCED, 2),
    DemoItem("ORTH1", "Knee support", _PRODUCT, Decimal("39.50"), _REDUCED, 1),
    DemoItem("GEL02", "Cooling gel", _PRODUCT, Decimal("7.80"), _FULL, 2),
)

COMPLAINTS = (
    Complaint(
        "M54.5",
        "Low back pain",
        "Pain in the lower back since lifting boxes, worse after sitting, no numbness.",
        "Flexion to 60 degrees, paravertebral tension on both sides, no neurological deficit.",
        "Mechanical low back pain, improving.",
        "Exercises for the trunk twice a day, heat in the evening.",
    ),
    Complaint(
        "M75.1",
        "Rotator cuff syndrome",
        "Shoulder hurts when reaching overhead and at night on that side.",
        "Painful arc from 70 to 110 degrees, strength 4 of 5 in external rotation.",
        "Rotator cuff syndrome without a tear.",
        "Scapular control, load slowly increased, review in four sessions.",
    ),
    Complaint(
        "M17.1",
        "Primary osteoarthritis of the knee",
        "Stiff in the morning for ten minutes, stairs are hard.",
        "Flexion 115 degrees, small effusion, stable ligaments.",
        "Osteoarthritis of the knee, moderate.",
        "Strength of the thigh, bicycle three times a week, knee support when walking far.",
    ),
    Complaint(
        "M77.1",
        "Lateral epicondylitis",
        "Elbow hurts at the keyboard and when lifting a kettle.",
        "Tender over the lateral epicondyle, grip painful and weaker on that side.",
        "Lateral epicondylitis for about eight weeks.",
        "Eccentric training, break from racket sports, ultrasound in this series.",
    ),
    Complaint(
        "M54.2",
        "Cervicalgia",
        "Neck is stiff after work, headache at the end of the week.",
        "Rotation 60 degrees to the right and 50 to the left, trigger points in the trapezius.",
        "Neck pain from posture, no warning signs.",
        "Desk height changed, mobilising exercises, review in three weeks.",
    ),
    Complaint(
        "S93.4",
        "Sprain of ankle",
        "Twisted the ankle on a kerb, can walk with a limp.",
        "Swelling in front of the outer ankle, no instability, Ottawa rules negative.",
        "Sprain of the lateral ligaments, grade 1.",
        "Load as pain allows, balance training from the second week.",
    ),
    Complaint(
        "M72.2",
        "Plantar fasciitis",
        "First steps in the morning hurt under the heel.",
        "Tender at the inner heel, shortened calf.",
        "Plantar fasciitis.",
        "Stretching of calf and fascia, insoles, shockwave if no better in six weeks.",
    ),
)
