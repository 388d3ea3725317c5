"""How a home-made site hashes, as far as a look at its hashes can tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..passwords import Declared, Layout, Limits
from .draft import Ask, Draft, Question
from .people import Stored

__all__ = ["gives", "passwords_of"]

_FORMULAS: Final = (
    "{d}(salt + password)",
    "{d}(password + salt)",
    "{d}({d}(password) + salt)",
    "{d}(salt + {d}(password))",
    "{d}({d}(salt) + {d}(password))",
)
_DIGESTS: Final = ("md5", "sha1", "sha256", "sha512")


_FURTHER: Final = (
    "hmac_{d}(salt, password)",
    "hmac_{d}(password, salt)",
    "{d}(salt + password + salt)",
    "{d}({d}(salt + password))",
    "{d}({d}(password + salt))",
    "{d}(salt + {d}(salt + {d}(password)))",
    *(f"{{d}}({one}(password) + salt)" for one in ("md5", "sha1")),
    *(f"{{d}}(salt + {one}(password))" for one in ("md5", "sha1")),
)
"""What is tried as well where somebody's password is known."""


def passwords_of(
    stored: Stored,
    prefix: str,
    draft: Draft,
    ask: Ask,
    known: Callable[[str], bool] | None = None,
) -> tuple[Any, dict[str, Any], list[str]]:
    """The setting `password`, those of the section `passwords`, and a remark on them. `prefix` is
    that of a joined table's columns; `known` tells whether a formula gives what is stored of the
    one password that the client knows."""
    column = prefix + stored.column
    digest = _digest(stored)
    if digest is None:
        if stored.salt is not None:
            return (
                column,
                {},
                draft.doubt(
                    f"{stored.salt} is not used: the hashes are whole without it, or unknown"
                ),
            )
        return column, {}, _plain(stored, draft)
    if stored.salt is None:
        question = Question(
            f"The hashes are {digest} without a salt. Are they to be verified nevertheless?",
            {"yes": "allow_weak = true", "no": "nobody with such a hash comes in"},
            "no",
        )
        return column, {"allow_weak": True} if ask(question) == "yes" else {}, []
    formulas = [one.format(d=digest) for one in _FORMULAS]
    password = {"columns": [prefix + stored.salt, column], "separator": ":"}
    section = {"digest": formulas[0], "salt": "before", "salt_separator": ":"}
    if known is not None:
        further = [one.format(d=digest) for one in _FURTHER]
        right = next(filter(known, [*formulas, *further]), None)
        if right is not None:
            draft.choose("passwords.digest", right, "it gives the hash of the login you know")
            return password, {**section, "digest": right}, []
    question = Question(
        f"How are {digest} hashes made of password and salt? (Look into the old source code.)",
        dict.fromkeys(formulas, ""),
        formulas[0],
    )
    chosen = ask(question)
    lines = draft.doubt(
        f"the hashes are {digest} with a salt, but nothing tells how both are put together; if "
        f"`try login` refuses a right password, take {', or '.join(formulas[1:])}, or what your "
        "own code does."
    )
    return password, {**section, "digest": chosen}, lines


def gives(formula: str, salt: str, stored: str, password: str) -> bool:
    """Whether `stored` is what `formula` makes of `salt` and `password`."""
    found = Declared(formula, layout=Layout("hex", "before", ":")).read(
        f"{salt}:{stored}", Limits()
    )
    return found is not None and found.fits(password.encode("utf-8"))


def _digest(stored: Stored) -> str | None:
    """The digest that most hashes are, where they are nothing but one."""
    for name in _DIGESTS:
        if stored.shapes.mostly(name, 0.5):
            return name
    return None


def _plain(stored: Stored, draft: Draft) -> list[str]:
    """A doubt where nothing looks like a hash."""
    shapes = stored.shapes
    if not shapes.given or shapes.hashed() > 0:
        return []
    return draft.doubt(
        f"nothing in {stored.column} is of a known format. If these are passwords as they were "
        "typed, nobody comes in: they have to be hashed first."
    )
