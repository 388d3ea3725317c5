"""Tests for a source of your own: subclass `SourceSuite` in yours, and run them with pytest.

docs/write-a-source.md says how."""

import pytest

for _module in ("basis", "reading", "writing"):
    pytest.register_assert_rewrite(f"{__name__}.{_module}")

from .facts import Known  # noqa: E402
from .suite import SourceSuite  # noqa: E402

__all__ = ["Known", "SourceSuite"]
