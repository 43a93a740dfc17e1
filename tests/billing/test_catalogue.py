"""The catalogue: one code, one item; a change of price leaves what was charged alone."""

from decimal import Decimal

import pytest

from clinic_core.access import perform
from clinic_core.billing.queries import get_catalogue_item, list_catalogue, price_history
from clinic_core.billing.schemas import (
    CatalogueRow,
    CreateCatalogueItem,
    GetCatalogueItem,
    ListCatalogue,
    SetCatalogueItemActive,
    UpdateCatalogueItem,
)
from clinic_core.billing.service import create_catalogue_item, set_catalogue_item_active, update_catalogue_item
from clinic_core.errors import Conflict, InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.vocabulary import ProductType
from tests.billing.arrange import audited, draft, issued, line, read
from tests.factories import Clinic, make_clinic, make_patient


def item(**fields: object) -> CreateCatalogueItem:
    values = {"code": "LASER", "name": "Laser", "type": "service", "unit_price": "120.50", "duration_minutes": 45}
    return CreateCatalogueItem.model_validate({**values, **fields})


def update(row: CatalogueRow, **fields: object) -> UpdateCatalogueItem:
    values = row.model_dump(exclude={"id", "active", "type"})
    return UpdateCatalogueItem.model_validate({**values, "item_id": row.id, **fields})


def test_a_manager_adds_an_item_and_it_is_audited(clinic: Clinic) -> None:
    made = perform(clinic.actor("manager"), create_catalogue_item, item(tax_rate="0.19", color="#1F6FEB"))
    assert (made.code, made.unit_price, made.tax_rate, made.color) == (
        "LASER",
        Decimal("120.50"),
        Decimal("0.19"),
        "#1f6feb",
    )
    assert perform(clinic.actor("assistant"), get_catalogue_item, GetCatalogueItem(item_id=made.id)) == made
    assert sorted(audited(clinic, "catalogue.create")) == [
        ("product_price", "insert", clinic.users["manager"]),
        ("product_service", "insert", clinic.users["manager"]),
    ]


@pytest.mark.parametrize("role", ["assistant", "practitioner", "patient"])
def test_others_do_not_change_the_catalogue(clinic: Clinic, role: str) -> None:
    with pytest.raises(PermissionDenied):
        perform(clinic.actor(role), create_catalogue_item, item())
    assert [row[1] for row in audited(clinic, "catalogue.create")] == ["refused"]


def test_a_code_that_is_taken_is_refused_by_name(clinic: Clinic) -> None:
    with pytest.raises(Conflict, match="“FU30” is taken"):
        perform(clinic.actor("manager"), create_catalogue_item, item(code="FU30"))
    made = perform(clinic.actor("manager"), create_catalogue_item, item())
    with pytest.raises(Conflict, match="“BAND” is taken"):
        perform(clinic.actor("manager"), update_catalogue_item, update(made, code="BAND"))


def test_another_organisation_may_use_the_same_code(clinic: Clinic) -> None:
    for one in (clinic, make_clinic()):
        perform(one.actor("manager"), create_catalogue_item, item())


def test_a_change_of_price_leaves_written_lines_alone(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    before = [draft(clinic, patient), issued(clinic, patient)]
    service = perform(clinic.actor("manager"), get_catalogue_item, GetCatalogueItem(item_id=clinic.service))
    perform(clinic.actor("manager"), update_catalogue_item, update(service, unit_price="99"))
    assert [read(clinic, invoice.id).total for invoice in before] == [Decimal("80.00"), Decimal("80.00")]
    assert draft(clinic, patient).total == Decimal("99.00")


def test_a_stale_form_is_refused(clinic: Clinic) -> None:
    service = perform(clinic.actor("manager"), get_catalogue_item, GetCatalogueItem(item_id=clinic.service))
    perform(clinic.actor("owner"), update_catalogue_item, update(service, name="Review"))
    with pytest.raises(StaleEdit, match="changed by Owner"):
        perform(clinic.actor("manager"), update_catalogue_item, update(service, name="Check"))


def test_a_deactivated_item_is_no_longer_offered(clinic: Clinic) -> None:
    off = SetCatalogueItemActive(item_id=clinic.service, active=False)
    perform(clinic.actor("manager"), set_catalogue_item_active, off)
    assert [row.code for row in perform(clinic.actor("manager"), list_catalogue, ListCatalogue())] == ["BAND"]
    with pytest.raises(InvalidInput, match="“FU30” is no longer offered"):
        draft(clinic, make_patient(clinic), line(clinic))
    perform(clinic.actor("manager"), set_catalogue_item_active, off.model_copy(update={"active": True}))
    assert draft(clinic, make_patient(clinic)).total == Decimal("80.00")


def test_the_list_finds_parts_of_code_and_name_and_takes_wildcards_literally(clinic: Clinic) -> None:
    def found(search: str) -> list[str]:
        return [row.code for row in perform(clinic.actor("manager"), list_catalogue, ListCatalogue(search=search))]

    assert (found("follow"), found("ban"), found("%"), found("_")) == (["FU30"], ["BAND"], [], [])
    products = perform(clinic.actor("manager"), list_catalogue, ListCatalogue(type=ProductType.PRODUCT))
    assert [row.code for row in products] == ["BAND"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"unit_price": Decimal("-0.01")}, "Unit price must not be negative."),
        ({"unit_price": Decimal("NaN")}, "Unit price must be a number."),
        ({"unit_price": Decimal("Infinity")}, "Unit price must be a number."),
        ({"unit_price": Decimal("1e30")}, "Unit price must be below 10,000,000,000."),
        ({"unit_price": Decimal("0.0000001")}, "Unit price must not have more than 6 decimals."),
        ({"tax_rate": Decimal(19)}, "Tax rate must be between 0 and 1, where 0.19 means 19 per cent."),
        ({"code": "  "}, "Code is missing."),
        ({"name": "x" * 10_000}, "Name must not be longer than 900 characters; it has 10,000."),
        ({"name": "a\0b"}, "Name must not contain control characters."),
        ({"color": "red"}, "Color must be written like #1f6feb."),
        ({"duration_minutes": 0}, "Duration minutes must be between 1 and 1,440."),
        ({"buffer_minutes": 500}, "Buffer minutes must be between 0 and 240."),
        ({"duration_minutes": None}, "Duration minutes is missing: a service takes time."),
        ({"type": "product"}, "Duration minutes must stay empty for a product."),
    ],
)
def test_impossible_items_are_refused_in_a_sentence(clinic: Clinic, fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        perform(clinic.actor("manager"), create_catalogue_item, item(**fields))
    assert refused.value.message == sentence


def test_an_item_of_another_organisation_does_not_exist(clinic: Clinic) -> None:
    other = make_clinic()
    with pytest.raises(NotFound):
        perform(clinic.actor("owner"), get_catalogue_item, GetCatalogueItem(item_id=other.service))
    with pytest.raises(NotFound):
        perform(
            clinic.actor("owner"),
            set_catalogue_item_active,
            SetCatalogueItemActive(item_id=other.service, active=False),
        )


def test_the_price_history_says_since_when_what_costs_how_much_and_who_changed_it(clinic: Clinic) -> None:
    made = perform(clinic.actor("manager"), create_catalogue_item, item())
    named = perform(clinic.actor("owner"), update_catalogue_item, update(made, name="Laser therapy"))
    perform(clinic.actor("owner"), update_catalogue_item, update(named, unit_price=Decimal(130), tax_rate="0.19"))
    history = perform(clinic.actor("manager"), price_history, GetCatalogueItem(item_id=made.id))
    assert [(row.unit_price, row.tax_rate, row.changed_by) for row in history] == [
        (Decimal(130), Decimal("0.19"), "Owner"),
        (Decimal("120.50"), Decimal(0), "Manager"),
    ]
    assert history[0].valid_from > history[1].valid_from
    with pytest.raises(NotFound):
        perform(make_clinic().actor("owner"), price_history, GetCatalogueItem(item_id=made.id))
    for role in ("assistant", "patient"):
        with pytest.raises(PermissionDenied):
            perform(clinic.actor(role), price_history, GetCatalogueItem(item_id=made.id))
