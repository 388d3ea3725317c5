"""A trail that was written is complete, and one that anything was done to is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_bridge.trail import Chain, Link, Report, TrailFile, parts_of, verify

KEY = b"a key"
RECORDS = 12


def written(
    folder: Path, count: int = RECORDS, key: bytes | None = KEY, most: int = 1 << 30
) -> Path:
    path = folder / "trail.jsonl"
    file = TrailFile(path, Chain(key), most)
    for number in range(count):
        assert file.append([("call", {"call": f"c{number}", "text": "zoë\n\ud800"})]) == 1
    file.close()
    return path


def report_on(path: Path, key: bytes | None = KEY, *, live: bool = True) -> Report:
    return verify(parts_of(path), Chain(key), live=path if live else None)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return written(tmp_path_factory.mktemp("trail")).read_bytes().splitlines(keepends=True)


def verdict(folder: Path, lines: list[bytes]) -> Report:
    """On a file with these lines, judged without anything that is beside it."""
    path = folder / "changed.jsonl"
    path.write_bytes(b"".join(lines))
    return verify([path], Chain(KEY))


@pytest.mark.parametrize("key", [None, KEY], ids=["no key", "key"])
def test_what_was_written_is_complete(tmp_path: Path, key: bytes | None) -> None:
    path = written(tmp_path, key=key)
    report = report_on(path, key)
    assert report.complete, report
    assert (report.records, report.last.number, report.begins_after) == (13, 13, 0)
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [record["event"] for record in records] == ["begin"] + ["call"] * RECORDS
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_key_finds_nothing_as_it_was_written(tmp_path: Path) -> None:
    path = written(tmp_path)
    for key in (None, b"another"):
        report = report_on(path, key, live=False)
        assert (
            report.broken
            == "trail.jsonl line 1, record 1, is not what was written there, or the key is another"
        )


@given(data=st.data())
def test_any_byte_that_is_changed_is_found(
    data: st.DataObject, lines: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = b"".join(lines)
    place = data.draw(st.integers(0, len(whole) - 2))  # the last one ends the last line: see below
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != whole[place]))
    changed = whole[:place] + bytes([byte]) + whole[place + 1 :]
    assert not verdict(tmp_path_factory.getbasetemp(), [changed]).complete


@given(data=st.data())
def test_lines_that_are_removed_doubled_or_swapped_are_found(
    data: st.DataObject, lines: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    one = data.draw(st.integers(0, len(lines) - 2))
    other = data.draw(st.integers(one + 1, len(lines) - 1))
    assert not verdict(folder, lines[:one] + lines[one + 1 :]).complete
    assert not verdict(folder, lines[: one + 1] + lines[one:]).complete
    swapped = [*lines]
    swapped[one], swapped[other] = lines[other], lines[one]
    assert not verdict(folder, swapped).complete
    inserted = [*lines[:other], b"something else\n", *lines[other:]]
    assert not verdict(folder, inserted).complete


def test_a_first_record_that_is_missing_is_told(lines: list[bytes], tmp_path: Path) -> None:
    report = verdict(tmp_path, lines[1:])
    assert (
        report.broken
        == "changed.jsonl line 1, record 2, is not what was written there, or the key is another"
    )


@given(data=st.data())
def test_an_end_that_is_cut_off_is_found_by_what_is_beside_it_or_written_down_elsewhere(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = written(tmp_path_factory.mktemp("cut"), 4)
    end = report_on(path).last
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    assert "missing at the end" in (report_on(path).broken or "")
    assert not verify([path], Chain(KEY), anchors=[end]).complete


def test_a_trail_made_anew_is_found_by_a_link_that_was_written_down(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    real, forged = map(written, folders)
    link = report_on(real).last
    assert verify([real], Chain(KEY), anchors=[link]).complete
    report = verify([forged], Chain(KEY), anchors=[link])
    assert report.broken == "record 13 is another than the one that was written down"
    assert not verify([real], Chain(KEY), anchors=[Link(99, "0" * 64)]).complete
