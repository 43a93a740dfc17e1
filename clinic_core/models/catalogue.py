"""The catalogue of services and products. An appointment's type is a service of this table."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from clinic_core.db.base import RATE, UNIT_PRICE, TenantRow, blank, check, choice, owned, tenant
from clinic_core.vocabulary import ProductType


class ProductService(TenantRow, table=True):
    """Something that can be booked or sold; a change of price never touches lines already written (B1)."""

    __tablename__ = "product_service"
    __table_args__ = tenant(
        UniqueConstraint("organization_id", "code"),
        check("btrim(code) <> '' and btrim(name) <> ''", "named"),
        check("unit_price between 0 and 9999999999", "unit_price"),
        check("tax_rate between 0 and 1", "tax_rate"),
        check("(type = 'service') = (duration_minutes is not null)", "duration"),
        check("duration_minutes is null or duration_minutes between 1 and 1440", "duration_range"),
        check("buffer_minutes between 0 and 240", "buffer"),
    )
    code: str
    name: str
    type: ProductType = Field(sa_type=choice(ProductType), nullable=False)
    unit_price: Decimal = Field(sa_type=UNIT_PRICE)
    tax_rate: Decimal = Field(default=Decimal(0), sa_type=RATE, sa_column_kwargs={"server_default": text("0")})
    duration_minutes: int | None = None
    buffer_minutes: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    color: str = blank()
    bookable_online: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    active: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})


class ProductPrice(TenantRow, table=True):
    """What an item cost from a moment on: the price history, written by trigger when price or tax change (B1)."""

    __tablename__ = "product_price"
    __table_args__ = tenant(
        owned("product_service_id", "product_service"),
        Index(None, "organization_id", "product_service_id", "valid_from"),
    )
    product_service_id: UUID
    unit_price: Decimal = Field(sa_type=UNIT_PRICE)
    tax_rate: Decimal = Field(sa_type=RATE)
    valid_from: datetime
