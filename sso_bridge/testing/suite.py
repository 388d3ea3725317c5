"""All of the tests in one class."""

from __future__ import annotations

from .reading import Reading
from .writing import Writing

__all__ = ["SourceSuite"]


class SourceSuite(Reading, Writing):
    """Whether a source is right. Subclass it under a name that begins with `Test`, and override
    the fixtures `source` and `known`, and what else applies:

    `login_rule` is the `login_match` of the configuration; `creates` and `rehashes` say what the
    source can do; `seconds` is how long one call may take. The fixtures: `source`, fresh
    for each test if it creates or rehashes; `known`, two of its users or more, with one who
    is not active and one who has a profile if there are such; `shared_key`, a key that two of
    its rows have; `outage`, a context manager inside which what it asks does not answer;
    `newcomer`, somebody to create."""
