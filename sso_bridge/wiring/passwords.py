"""A source's passwords, put together from its settings."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Sequence

from ..config import passwords as settings_of
from ..core.deadline import Deadline
from ..core.ports import Observer
from ..errors import ConfigurationError
from ..passwords import (
    MAKERS,
    BesideSalt,
    Costly,
    Declared,
    Firebase,
    Formula,
    FormulaError,
    HashPool,
    Layout,
    Limits,
    Maker,
    NotComputable,
    PasswordHashes,
    Scheme,
    known_schemes,
    needs,
    parse_formula,
)

__all__ = ["password_hashes", "password_limits", "password_schemes"]


def password_hashes(
    source: str,
    declared: settings_of.Passwords,
    *,
    pool: HashPool,
    observer: Observer,
    sample: Callable[[int, Deadline], Sequence[str]],
) -> PasswordHashes:
    """What verifies and makes the hashes of the source of that name.

    Raises ConfigurationError, which names the key, for a formula that is not good, and for hashes
    of its own that are above its own limits."""
    schemes, prepare = password_schemes(source, declared), _prepare(source, declared)
    maker = _maker(declared, prepare)
    # Also where none are stored: one is computed for nobody while no other kind is known.
    _affordable(source, "scheme", declared, maker, "choose another scheme")
    if declared.pepper is not None and not any(
        "pepper" in (formula or "")
        for formula in (declared.prepare, declared.digest, declared.digest_again)
    ):
        raise _wrong(source, "pepper: is in no formula; say in prepare or digest where it goes")
    return PasswordHashes(
        pool=pool,
        observer=observer,
        sample=sample,
        maker=maker,
        limits=password_limits(declared),
        schemes=schemes,
        prepare=None if prepare is None else _preparing(prepare, _pepper(declared) or ""),
        rehash=declared.rehash,
    )


def password_limits(declared: settings_of.Passwords) -> Limits:
    """What a stored hash may cost."""
    return Limits.of(declared.max_seconds, declared.max_memory_mib)


def password_schemes(source: str, declared: settings_of.Passwords) -> tuple[Scheme, ...]:
    """Every scheme that the source's hashes may have, its own digest first.

    Raises as `password_hashes`."""
    own: list[Scheme] = []
    if declared.digest is not None:
        try:
            digest = _digest(declared, declared.digest)
        except FormulaError as error:
            raise _wrong(source, str(error)) from None
        key = "digest" if declared.iterations == 1 else "iterations"
        _affordable(source, key, declared, digest, "compare it with what your application does")
        own.append(digest)
    if declared.firebase is not None:
        firebase = declared.firebase
        scrypt = Firebase(
            signer_key=b64decode(firebase.signer_key.get_secret_value()),
            salt_separator=b64decode(firebase.salt_separator),
            rounds=firebase.rounds,
            memory_cost=firebase.memory_cost,
        )
        console = "compare rounds and memory_cost with the Firebase console"
        _affordable(source, "firebase", declared, scrypt, console)
        own.append(scrypt)
    known = known_schemes(declared.allow_weak)
    return (*own, BesideSalt(_layout(declared), known))


def _affordable(
    source: str, key: str, declared: settings_of.Passwords, costly: Costly, otherwise: str
) -> None:
    """Raises ConfigurationError if no hash of `costly` would ever be computed."""
    least = needs(costly, password_limits(declared))
    if least is None:
        return
    above, enough, settable = [], [], True
    for limit, figure, most in (
        ("max_seconds", least.seconds, settings_of.MOST_SECONDS),
        ("max_memory_mib", least.memory_mib, settings_of.MOST_MEMORY_MIB),
    ):
        if figure > getattr(declared, limit):
            above.append(f"{limit} = {getattr(declared, limit)}")
            enough.append(f"{limit} = {figure}")
            settable = settable and figure <= most
    wanted = " and ".join(enough)
    raise _wrong(
        source,
        f"{key}: makes hashes above {' and '.join(above)}, which would never be computed; "
        + (f"{otherwise}, or set {wanted}" if settable else f"{otherwise}; it needs {wanted}"),
    )


def _digest(declared: settings_of.Passwords, formula: str) -> Declared:
    return Declared(
        formula,
        layout=_layout(declared),
        iterations=declared.iterations,
        again=declared.digest_again,
        pepper=_pepper(declared),
        allow_weak=declared.allow_weak,
    )


def _layout(declared: settings_of.Passwords) -> Layout:
    return Layout(declared.digest_encoding, declared.salt, declared.salt_separator)


def _maker(declared: settings_of.Passwords, prepare: Formula | None) -> Maker:
    """bcrypt takes 72 bytes. A digest of the password may be longer, and is cut there by all who
    make such hashes."""
    if prepare is not None and prepare.is_digest and declared.scheme in ("bcrypt", "bcrypt-2y"):
        return MAKERS[declared.scheme](cuts=True)
    return MAKERS[declared.scheme]()


def _prepare(source: str, declared: settings_of.Passwords) -> Formula | None:
    if declared.prepare is None:
        return None
    try:
        formula = parse_formula(declared.prepare, frozenset({"password", "pepper"}))
    except FormulaError as error:
        raise _wrong(source, f"prepare: {error}") from None
    pepper = _pepper(declared)
    if "password" not in formula.names:
        raise _wrong(source, "prepare: the password is not in it")
    if "pepper" in formula.names and pepper is None:
        raise _wrong(source, "prepare: uses pepper, which is not given; set pepper_env")
    if not formula.gives_text or "\0" in (pepper or ""):
        raise _wrong(
            source, "prepare: gives bytes, which some schemes cut at NUL; put base64() around them"
        )
    return formula


def _preparing(formula: Formula, pepper: str) -> Callable[[bytes], bytes]:
    fixed = pepper.encode("utf-8")

    def prepared(password: bytes) -> bytes:
        try:
            return formula.value({"password": password, "pepper": fixed})
        except NotComputable:
            # Nobody's password, as an empty one is.
            return b""

    return prepared


def _pepper(declared: settings_of.Passwords) -> str | None:
    return None if declared.pepper is None else declared.pepper.get_secret_value()


def _wrong(source: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"sources.{source}.passwords.{what}")
