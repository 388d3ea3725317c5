"""Whether a record from code that is not ours is what its type says."""

from __future__ import annotations

from .model import Address, Attribute, Fingerprint, Profile, Record

__all__ = ["unsound"]


def unsound(given: object) -> str | None:
    """What `given` should be, or have in it, and is not or has not; None for a sound Record."""
    if not isinstance(given, Record):
        return "a Record"
    if not isinstance(given.subject, str):
        return "text as subject"
    if not all(map(_is_text_or_none, (given.login, given.erid, given.password_hash))):
        return "text or None as login, erid and password_hash"
    others = given.other_logins
    if not isinstance(others, tuple) or not all(isinstance(one, str) for one in others):
        return "a tuple of texts as other_logins"
    if not isinstance(given.active, bool):
        return "True or False as active"
    if not isinstance(given.fingerprint, (Fingerprint, type(None))):
        return "a Fingerprint or None as fingerprint"
    if not isinstance(given.profile, Profile) or not _is_filled(given.profile):
        return "a Profile of texts and Addresses as profile"
    if not _are_attributes(given.attributes):
        return "a tuple of Attributes as attributes"
    return None


def _is_filled(value: Profile | Address) -> bool:
    """Whether its fields hold texts, and addresses and attributes where those belong."""
    for name, cell in zip(value._fields, value, strict=True):
        if cell is None:
            continue
        if name in ("shipping_address", "billing_address"):
            good = isinstance(cell, Address) and _is_filled(cell)
        elif name == "extended_attributes":
            good = _are_attributes(cell)
        else:
            good = isinstance(cell, str)
        if not good:
            return False
    return True


def _are_attributes(given: object) -> bool:
    return isinstance(given, tuple) and all(
        isinstance(one, Attribute)
        and all(map(_is_text_or_none, (one.name, one.value, one.data_type)))
        for one in given
    )


def _is_text_or_none(cell: object) -> bool:
    return cell is None or isinstance(cell, str)
