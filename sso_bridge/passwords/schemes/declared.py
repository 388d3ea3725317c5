"""A digest that a configuration declares: how a home-made site hashes, in a formula.

The stored text is the digest, or with its salt before or after it. What does not look so is left
to the other schemes, because old tables hold hashes of several ages."""

from __future__ import annotations

import hmac
import math
import re
from base64 import b64decode
from binascii import Error
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from .contract import CORRUPT, Limits, Scheme, StoredHash, UnusableHash, within
from .formula import Call, Formula, FormulaError, Node, NotComputable, call, parse_formula
from .rounds import DIGESTS, repeated
from .work import INSTEAD, LONGEST_PASSWORD, digest_work

__all__ = ["BesideSalt", "Declared", "Layout"]

_NAME = "declared-digest"
_WORK = "work, in short digests,"
_FIRST = frozenset({"password", "salt", "pepper"})
_AGAIN = _FIRST | {"previous"}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where salt and digest are in the stored text."""

    encoding: str = "hex"
    """Of the digest: "hex", in either case, or "base64", with its padding or without."""
    salt: str = "none"
    """Where the salt is: "none", "before" or "after"."""
    separator: str = ":"
    """What is between them; may be empty."""

    def pattern(self, size: int) -> re.Pattern[str]:
        """Matches a whole stored text with a digest of `size` bytes in base64 or hex."""
        if self.encoding == "hex":
            digest = rf"(?P<digest>[0-9A-Fa-f]{{{2 * size}}})"
        else:
            digest = rf"(?P<digest>[A-Za-z0-9+/]{{{-(-size * 4 // 3)}}}={{0,{-size % 3}}})"
        separator = re.escape(self.separator)
        if self.salt == "before":
            return re.compile(f"(?P<salt>.+){separator}{digest}")
        if self.salt == "after":
            return re.compile(f"{digest}{separator}(?P<salt>.+)")
        return re.compile(digest)

    def without_salt(self, stored: str) -> str:
        """The part of `stored` where the digest would be; "" if there is none."""
        if self.salt == "none" or not self.separator:
            return ""
        if self.salt == "before":
            return stored.partition(self.separator)[2]
        return stored.rpartition(self.separator)[0]

    def decoded(self, digest: str) -> bytes:
        """The bytes of a digest that matched."""
        if self.encoding == "hex":
            return bytes.fromhex(digest)
        return b64decode(digest.rstrip("=") + "=" * (-len(digest.rstrip("=")) % 4), validate=True)


@dataclass(frozen=True, slots=True)
class _End:
    """How a digest formula ends, and so what is compared."""

    digest: Call
    """The outermost digest."""
    wrapped: tuple[str, ...]
    """The functions around it, the innermost first: base64, hex, lower, upper."""
    form: str
    """What the formula gives: "hex", "base64" or "raw" bytes."""
    size: int
    """Bytes that are compared."""

    def compared(self, value: bytes) -> bytes:
        """The bytes that are compared, of what the digest gave."""
        for name in self.wrapped:
            value = call(name, value)
        return self.decoded(value)

    def decoded(self, value: bytes) -> bytes:
        """The bytes that are compared, of what the formula gave."""
        if self.form == "hex":
            return bytes.fromhex(value.decode("ascii"))
        return b64decode(value) if self.form == "base64" else value


def _end(key: str, node: Node) -> _End:
    """Raises FormulaError for a formula that does not end in a digest."""
    if isinstance(node, Call):
        plain = node.name.removeprefix("raw_")
        size = DIGESTS.get(plain.removeprefix("hmac_"))
        if size is not None:
            return _End(node, (), "hex" if plain == node.name else "raw", size)
        if node.name in ("hex", "base64", "lower", "upper"):
            inner = _end(key, node.arguments[0])
            wrapped = (*inner.wrapped, node.name)
            if (node.name, inner.form) == ("hex", "raw"):
                return _End(inner.digest, wrapped, "hex", inner.size)
            if (node.name, inner.form) == ("base64", "raw"):
                return _End(inner.digest, wrapped, "base64", inner.size)
            if (node.name, inner.form) == ("base64", "hex"):
                return _End(inner.digest, wrapped, "base64", 2 * inner.size)
            if inner.form == "hex" and node.name != "hex":
                return _End(inner.digest, wrapped, "hex", inner.size)
    raise FormulaError(
        f"{key}: does not end in a digest; the outermost function has to be one, such as "
        "sha256(…), or hex(), base64(), lower() or upper() of one"
    )


def _parsed(key: str, text: str, names: frozenset[str]) -> Formula:
    try:
        return parse_formula(text, names)
    except FormulaError as error:
        raise FormulaError(f"{key}: {error}") from None


class Declared:
    """The digest of one source. Raises FormulaError, which says which setting is wrong."""

    def __init__(
        self,
        digest: str,
        *,
        layout: Layout,
        iterations: int = 1,
        again: str | None = None,
        pepper: str | None = None,
        allow_weak: bool = False,
    ) -> None:
        self._formula = _parsed("digest", digest, _FIRST)
        self._again = None if again is None else _parsed("digest_again", again, _AGAIN)
        self._layout, self._iterations = layout, iterations
        self._pepper = (pepper or "").encode("utf-8")
        self._end = _end("digest", self._formula.root)
        self._check(pepper is not None, allow_weak)
        self._again_end = self._checked_again()
        self._pattern = layout.pattern(self._end.size)
        self._least = self._work(0)

    def _check(self, has_pepper: bool, allow_weak: bool) -> None:
        names = self._formula.names | (self._again.names if self._again else frozenset())
        if "password" not in self._formula.names:
            raise FormulaError("digest: the password is not in it")
        if "pepper" in names and not has_pepper:
            raise FormulaError("digest: uses pepper, which is not given; set pepper_env")
        if ("salt" in names) != (self._layout.salt != "none"):
            raise FormulaError(
                'salt: say where the salt is in the stored text, "before" or "after", if and only '
                "if the digest uses it"
            )
        if not names & {"salt", "pepper"} and not allow_weak:
            raise FormulaError(
                "digest: has neither salt nor pepper, so that equal passwords have equal hashes; "
                "if it has to be, set allow_weak = true"
            )
        if self._layout.encoding == "hex" and self._end.form == "base64":
            raise FormulaError('digest: gives base64; set digest_encoding = "base64"')

    def _checked_again(self) -> _End | None:
        if self._again is None:
            if self._iterations > 1 and "hmac_" in self._end.digest.name:
                raise FormulaError(
                    "iterations: an HMAC has a key; say in digest_again what the next ones are"
                )
            return None
        if self._iterations < 2:
            raise FormulaError("digest_again: is never computed; set iterations above 1")
        if "previous" not in self._again.names:
            raise FormulaError("digest_again: previous is not in it")
        end = _end("digest_again", self._again.root)
        if (end.form, end.size) != (self._end.form, self._end.size):
            raise FormulaError("digest_again: gives something of another kind than digest")
        return end

    def _work(self, salt: int) -> int:
        """What the longest password costs beside a salt of so many bytes. Raises FormulaError."""
        sizes = {"password": LONGEST_PASSWORD, "salt": salt, "pepper": len(self._pepper)}
        work = self._formula.work(sizes)
        if self._again is not None:
            size = {"hex": 2 * self._end.size, "base64": 2 * self._end.size, "raw": self._end.size}
            each = self._again.work({**sizes, "previous": size[self._end.form]})
        else:
            name = self._end.digest.name
            algorithm = name.removeprefix("raw_").removeprefix("hmac_")
            each = digest_work(algorithm, 2 * DIGESTS[algorithm])
        return math.ceil(work + (self._iterations - 1) * each)

    def check(self, limits: Limits) -> None:
        """Raises UnusableHash if no stored hash is within `limits`, however short its salt."""
        within(_NAME, _WORK, self._least, limits.digest_rounds)

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        whole = self._pattern.fullmatch(stored)
        if whole is None:
            return None
        try:
            salt = whole["salt"].encode("utf-8") if self._layout.salt != "none" else b""
            expected = self._layout.decoded(whole["digest"])
        except (Error, ValueError):
            return None
        try:
            work = self._work(len(salt))
        except FormulaError:
            raise UnusableHash(_NAME, "its salt is too long") from None
        within(_NAME, _WORK, work, limits.digest_rounds)

        def fits(password: bytes) -> bool:
            too_long = len(password) > LONGEST_PASSWORD
            try:
                computed = self._compute(INSTEAD if too_long else password, salt)
            except NotComputable as error:
                raise UnusableHash(_NAME, f"a value of its formula {error}") from None
            return hmac.compare_digest(computed, expected) and not too_long

        return StoredHash(_NAME, (self._iterations,), fits)

    def _compute(self, password: bytes, salt: bytes) -> bytes:
        """The bytes of the digest. Raises NotComputable."""
        values = {"password": password, "salt": salt, "pepper": self._pepper}
        again = self._again
        if again is None or self._again_end is None:
            function = partial(call, self._end.digest.name)
            value = repeated(function, self._end.digest.value(values), self._iterations - 1)
            return self._end.compared(value)

        def step(previous: bytes) -> bytes:
            return again.value({**values, "previous": previous})

        value = repeated(step, self._formula.value(values), self._iterations - 1)
        return self._again_end.decoded(value)


class BesideSalt:
    """The known formats, alone in the stored text or beside a salt that means nothing any more.

    So it is where an application put bcrypt in place of its digest, and left the column of the
    salt as it was."""

    def __init__(self, layout: Layout, known: Sequence[Scheme]) -> None:
        self._layout, self._known = layout, known

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        rest = self._layout.without_salt(stored)
        try:
            found = self._read(stored, limits)
        except UnusableHash as error:
            if error.reason != CORRUPT:
                raise
            # A salt after a hash makes it look cut, or too long. Else that is what it is.
            found = self._read_or_none(rest, limits)
            if found is None:
                raise
        return found or self._read_or_none(rest, limits)

    def _read(self, stored: str, limits: Limits) -> StoredHash | None:
        read = (scheme.read(stored, limits) for scheme in self._known)
        return next((found for found in read if found is not None), None)

    def _read_or_none(self, stored: str, limits: Limits) -> StoredHash | None:
        try:
            return self._read(stored, limits)
        except UnusableHash as error:
            if error.reason != CORRUPT:
                raise
            return None
