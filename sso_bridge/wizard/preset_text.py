"""Changes a configuration as text, so that its comments stay."""

from __future__ import annotations

import re
import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from typing import Final

from ..config import toml

__all__ = ["SITE", "PresetText", "comment", "printable"]

SITE: Final = ("@site",)
"""The section of the preset's site."""
_HEADER = re.compile(r"\[([A-Za-z0-9_.-]+)\]\s*$")
_KEY = re.compile(r"([A-Za-z0-9_-]+)\s*=")
_WIDTH = 96


def comment(text: str) -> list[str]:
    """`text` as lines of a comment."""
    wrapped = textwrap.wrap(printable(text), _WIDTH, break_on_hyphens=False)
    return [f"# {line}" for line in wrapped]


def printable(text: str) -> str:
    """`text`, in which names of the database may stand, without what TOML forbids in comments and
    terminals take for commands."""
    return "".join(c if c.isprintable() else "?" for c in text)


class PresetText:
    """The lines of a preset. Sections are named without `sources.shop`: () is that itself."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    def text(self) -> str:
        """All of it."""
        return "\n".join(self._lines) + "\n"

    def change(self, place: Sequence[str], written: Sequence[str]) -> bool:
        """Put other lines in the place of a setting; whether there is such a setting."""
        found = self._find(place)
        if found is None:
            return False
        self._lines[found[0] : found[1]] = written
        return True

    def remark(self, place: Sequence[str], lines: Sequence[str]) -> None:
        """Put lines before a setting, or at the end of its section, or of the source's."""
        found = self._find(place)
        if found is not None:
            start = found[0]
        else:
            sections = [place[:-1], place[:-2], ()]
            start = next(end for s in sections if (end := self._end(tuple(s))) is not None)
        self._lines[start:start] = lines

    def remark_section(self, place: tuple[str, ...], lines: Sequence[str]) -> None:
        """Put lines behind the header of a section."""
        for number, line in enumerate(self._lines):
            header = _HEADER.match(line)
            if header and self._named(header[1]) == place:
                self._lines[number + 1 : number + 1] = lines
                return

    def leave_out(self, place: Sequence[str], column: str, why: str) -> None:
        """Make a comment of a setting, or of the one line of a list that names `column`, after one
        that says why."""
        found = self._find(place)
        if found is None:
            self._leave_out_table(place, why)
            return
        start, end = found
        lines = [n for n in range(start, end) if f'"{column}"' in self._lines[n]]
        if end - start > 1 and lines:
            start, end = lines[0], lines[0] + 1
        indent = re.match(r"\s*", self._lines[start])
        space = indent[0] if indent else ""
        whole = [f"{space}# {line[len(space) :]}" for line in self._lines[start:end]]
        told = comment(why) if why else []
        self._lines[start:end] = [*(space + line for line in told), *whole]

    def value_of(self, place: Sequence[str]) -> str | None:
        """A setting's lines, as they are."""
        found = self._find(place)
        return None if found is None else "\n".join(self._lines[found[0] : found[1]])

    def replace_tables(self, names: Mapping[str, str], schema: str | None) -> None:
        """Other names of tables, by the preset's; and the schema of all of them."""
        lines = []
        for line in self._lines:
            named = re.fullmatch(r'table = "([^"]*)"', line)
            if named:
                line = f"table = {toml.value(names.get(named[1], named[1]))}"
            elif line.startswith("# It needs"):
                for old, new in names.items():
                    line = re.sub(rf"\b{re.escape(old)}\b", lambda _, new=new: new, line)  # type: ignore[misc]
            lines.append(line)
            if named and schema is not None:
                lines.append(f"schema = {toml.value(schema)}")
        self._lines = lines

    def replace_in_names(self, old: str, new: str) -> None:
        """Another prefix in the names of named values."""
        pattern = re.compile(rf'"([A-Za-z_]+)\.{re.escape(old)}')
        self._lines = [pattern.sub(lambda m: f'"{m[1]}.{new}', line) for line in self._lines]

    def replace_url(self, written: Sequence[str]) -> None:
        """Say where the database is; the comments before it, of how URLs are written, go."""
        found = self._find(("url_env",)) or self._find(("url",))
        assert found is not None, "a preset has a URL"
        start, end = found
        while self._lines[start - 1].startswith("#"):
            start -= 1
        self._lines[start:end] = written

    def rename(self, source: str, site: str) -> None:
        """Call source and site otherwise. To be done last."""
        new, called = toml.key(source), toml.value(source)
        lines = []
        for line in self._lines:
            line = re.sub(r"^(# )?\[sources\.shop\b", lambda m: f"{m[1] or ''}[sources.{new}", line)
            line = re.sub(r"^\[sites\.shop\]", lambda _: f"[sites.{toml.key(site)}]", line)
            line = re.sub(r'^source = "shop"', lambda _: f"source = {called}", line)
            lines.append(line)
        self._lines = lines

    def _find(self, place: Sequence[str]) -> tuple[int, int] | None:
        """The first line of a setting, and the one behind its last."""
        section: tuple[str, ...] | None = None
        for start, line in enumerate(self._lines):
            header = _HEADER.match(line)
            if header:
                section = self._named(header[1])
            key = _KEY.match(line)
            if key and section is not None and (*section, key[1]) == tuple(place):
                return start, self._behind(start)
        return None

    def _behind(self, start: int) -> int:
        for end in range(start + 1, len(self._lines) + 1):
            try:
                tomllib.loads("\n".join(self._lines[start:end]))
            except tomllib.TOMLDecodeError:
                continue
            return end
        return start + 1

    def _end(self, place: tuple[str, ...]) -> int | None:
        """The line behind the last setting of a section."""
        end = inside = None
        for number, line in enumerate(self._lines):
            header = _HEADER.match(line)
            if header:
                inside = self._named(header[1]) == place
            if inside and (header or _KEY.match(line)):
                end = number + 1 if header else self._behind(number)
        return end

    def _leave_out_table(self, place: Sequence[str], why: str) -> None:
        """Make comments of a table with a header of its own, and of those below it."""
        lines, leaving, told = [], False, False
        for line in self._lines:
            header = _HEADER.match(line)
            if header:
                named = self._named(header[1])
                leaving = named is not None and named[: len(place)] == tuple(place)
            if leaving and line and not line.startswith("#"):
                lines += [] if told else comment(why)
                told = True
                line = f"# {line}"
            lines.append(line)
        self._lines = lines

    @staticmethod
    def _named(header: str) -> tuple[str, ...] | None:
        parts = tuple(header.split("."))
        if parts == ("sites", "shop"):
            return SITE
        return parts[2:] if parts[:2] == ("sources", "shop") else None
