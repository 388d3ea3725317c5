"""What tells known software from others, where the mapped tables and columns do not suffice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["SIGNATURES", "Signature"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How one software is known. Columns are of the user table."""

    prefix: str = ""
    """That the preset's names of tables begin with, and that may be another."""
    columns: tuple[str, ...] = ()
    """Columns beside the mapped ones that it always has."""
    any_of: tuple[str, ...] = ()
    """Columns of which it has one at least."""
    optional: frozenset[str] = frozenset()
    """Mapped columns that an application may have left out."""
    any_name: bool = False
    """Whether applications give the table another name."""
    over: tuple[str, ...] = ()
    """Presets that fit too where this one does, and are not meant then."""
    pair_names: tuple[str, ...] = ()
    """Names of values, one of which some user has."""


SIGNATURES: Final[Mapping[str, Signature]] = {
    "aspnet-identity": Signature(columns=("ConcurrencyStamp", "SecurityStamp")),
    "devise": Signature(
        any_of=("reset_password_token", "remember_created_at", "sign_in_count"),
        optional=frozenset({"confirmed_at", "locked_at", "created_at"}),
        any_name=True,
    ),
    "django": Signature(columns=("is_staff", "is_superuser", "last_login")),
    "fastapi-users": Signature(columns=("is_superuser", "is_verified"), any_name=True),
    "flask-security": Signature(
        columns=("fs_uniquifier",), optional=frozenset({"create_datetime"}), any_name=True
    ),
    "laravel": Signature(
        columns=("remember_token",),
        optional=frozenset({"email_verified_at", "created_at"}),
        any_name=True,
    ),
    "magento2": Signature(columns=("website_id",)),
    "opencart": Signature(prefix="oc_"),
    "opencart-3": Signature(prefix="oc_"),
    "prestashop": Signature(prefix="ps_", columns=("secure_key", "id_default_group")),
    "woocommerce": Signature(
        prefix="wp_",
        over=("wordpress",),
        pair_names=("billing_first_name", "billing_email", "billing_address_1", "paying_customer"),
    ),
    "wordpress": Signature(prefix="wp_", columns=("user_nicename", "user_activation_key")),
}
