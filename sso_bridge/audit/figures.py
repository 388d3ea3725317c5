"""Charts that are drawn beside their numbers, as HTML and SVG without any script.

All text that is given is HTML already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .words import characters, share, users

__all__ = ["Bar", "bars", "columns", "table"]

_MOST_COLUMNS: Final = 48
_FEWEST_COLUMNS: Final = 9
"""So that one length does not fill the whole width."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: what it is about, its numbers, and the parts of its bar.

    A part is the name of its colour and its length, in the unit of the whole chart."""

    label: str
    cells: tuple[str, ...]
    parts: tuple[tuple[str, int], ...]
    detail: str = ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str = "") -> str:
    """A table whose rows begin with their heading."""
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "\n".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    about = f"<caption>{caption}</caption>" if caption else ""
    return f"<table>{about}<thead><tr>{columns}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"


def bars(head: Sequence[str], rows: Sequence[Bar], *, caption: str, most: int) -> str:
    """A table in which each row has a bar below its label; `most` is a bar of full width."""
    return table(head, [(_labelled(row, most), *row.cells) for row in rows], caption=caption)


def _labelled(row: Bar, most: int) -> str:
    detail = f' <span class="detail">{row.detail}</span>' if row.detail else ""
    rects, start = [], 0.0
    for colour, length in row.parts:
        if not length:
            continue
        width = max(0.5, 100 * length / most)  # what is there can be seen, however small
        rects.append(f'<rect class="{colour}" x="{start:.2f}" width="{width:.2f}" height="1"/>')
        start += width
    return (
        f"{row.label}{detail}"
        '<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(rects)}</svg>"
    )


def columns(counts: Mapping[int, int]) -> str:
    """How many users (the values) have each length in characters (the keys): at least one has.

    Neighbouring lengths share a column where there are too many for one each."""
    binned = _binned(counts)
    tallest = max(binned.values())
    low, high = min(counts), max(counts)
    rects = "".join(
        f'<rect class="full" x="{place + 0.1:.1f}" y="{100 - height:.1f}" width="0.8" '
        f'height="{height:.1f}"/>'
        for place, count in enumerate(binned.values())
        if (height := max(1.0, 100 * count / tallest) if count else 0.0)
    )
    commonest = max(sorted(counts), key=lambda length: counts[length])
    usual = share(counts[commonest], sum(counts.values()))
    told = (
        f"Columns from {characters(low)} to {characters(high)} characters. The most usual length "
        f"is {characters(commonest)}, with {usual} of the users."
    )
    marks = list(binned) if len(binned) <= 12 else [low, high]
    axis = "".join(f"<span>{characters(mark)}</span>" for mark in marks)
    return (
        f'<div class="columns" role="img" aria-label="{told}">'
        f'<p class="top">{users(tallest)}</p>'
        f'<svg viewBox="0 0 {len(binned)} 100" preserveAspectRatio="none">{rects}</svg>'
        f'<p class="axis{" each" if len(binned) <= 12 else ""}">{axis}</p></div>'
    )


def _binned(counts: Mapping[int, int]) -> dict[int, int]:
    """The users in each column, by its first length."""
    first, last = min(counts), max(counts)
    size = -(-(last - first + 1) // _MOST_COLUMNS)
    missing = max(0, _FEWEST_COLUMNS - (last - first + 1))
    first = max(0, first - missing // 2)
    last = max(last, first + _FEWEST_COLUMNS - 1)
    binned = dict.fromkeys(range(first, last + 1, size), 0)
    for length, count in counts.items():
        binned[first + (length - first) // size * size] += count
    return binned
