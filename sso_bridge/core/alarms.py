"""The names of everything an operator is alarmed about. They are log fields and metric labels."""

from __future__ import annotations

from typing import Final

__all__ = ["ALARMS", "NOTICES"]

AMBIGUOUS_KEY: Final = "ambiguous_key"
COLLATION_MISMATCH: Final = "collation_mismatch"
CONFLICTING_KEYS: Final = "conflicting_keys"
ERID_CHANGED: Final = "erid_changed"
ERID_MISSING: Final = "erid_missing"
ERID_SHARED: Final = "erid_shared"
ERID_UNUSABLE: Final = "erid_unusable"
LOGIN_MOVED: Final = "login_moved"
LOGIN_UNUSABLE: Final = "login_unusable"
PASSWORD_FORMAT_UNKNOWN: Final = "password_format_unknown"
PASSWORD_IN_CLEAR: Final = "password_in_clear"
PASSWORD_NOT_DECRYPTED: Final = "password_not_decrypted"
SESSION_CONFLICT: Final = "session_conflict"
SOURCE_REJECTED: Final = "source_rejected"
SUBJECT_RETIRED: Final = "subject_retired"
SUBJECT_REUSED: Final = "subject_reused"
SUBJECT_UNUSABLE: Final = "subject_unusable"
THROTTLE_STORAGE_BACK: Final = "throttle_storage_back"
THROTTLE_STORAGE_DOWN: Final = "throttle_storage_down"
TRAIL_INCOMPLETE: Final = "trail_incomplete"

ALARMS: Final[dict[str, str]] = {
    AMBIGUOUS_KEY: "One key names several rows of the user database.",
    COLLATION_MISMATCH: "The database returned a row whose key is not the one asked for.",
    CONFLICTING_KEYS: "The keys of one request name different people.",
    ERID_CHANGED: "A user's ERID is not the one that was given out before.",
    ERID_MISSING: "A user has no ERID: none in the mapped column, or none was imported.",
    ERID_SHARED: "An ERID of one person was seen on another.",
    ERID_UNUSABLE: "An ERID has control characters, outer white space, or breaks a limit.",
    LOGIN_UNUSABLE: "A row has no login, or one that cannot be sent.",
    PASSWORD_FORMAT_UNKNOWN: "A stored password hash has no known format, or would cost too much.",
    PASSWORD_NOT_DECRYPTED: "A password is not one that was encrypted as agreed.",
    SESSION_CONFLICT: "Good session tokens of one request name different people.",
    SOURCE_REJECTED: "The user database refused a new user for a reason other than the login.",
    SUBJECT_RETIRED: "A user's primary key is one whose ERID an operator took back.",
    SUBJECT_REUSED: "A primary key seems to be another person's than before.",
    SUBJECT_UNUSABLE: "A row has no primary key, or one that is not its own alone.",
    THROTTLE_STORAGE_DOWN: "The Redis that failed logins are counted in is down, slow or full.",
    TRAIL_INCOMPLETE: "The audit trail cannot be written.",
}
"""Each alarm and what it means; docs/alarms.md says what to do about it."""

NOTICES: Final[dict[str, str]] = {
    PASSWORD_IN_CLEAR: "A password came unencrypted, which accept_plaintext allows.",
    LOGIN_MOVED: "A login is another user's than before, who has an ERID of their own.",
    THROTTLE_STORAGE_BACK: "The Redis that failed logins are counted in takes them again.",
}
"""What is allowed, and still worth knowing; docs/alarms.md says when to look."""
