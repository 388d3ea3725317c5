"""Every kind of finding: how bad it is, what it is called, what it leads to and what to do.

docs/audit.md has a section for each; a test compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .model import Severity

__all__ = ["CHECKS", "Check"]


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of finding. `text` says what would happen, and the remedy."""

    severity: Severity
    title: str
    text: str


CHECKS: Final[dict[str, Check]] = {
    "erid_duplicated": Check(
        "cross_link",
        "ERID shared by several users",
        "Digital River would take these users for one person; whoever signs in first is answered "
        "and the others are refused. Give each an ERID of their own before the first call.",
    ),
    "erid_duplicated_across": Check(
        "cross_link",
        "ERID shared by users of several sources",
        "Digital River would take these users for one person, and a look-up by the ERID is "
        "refused. Give each an ERID of their own before the first call.",
    ),
    "erid_alike": Check(
        "cross_link",
        "ERIDs that differ in case, spaces or invisible characters only",
        "A system or person on the way may take these ERIDs for one, so only the first to sign in "
        "is answered. Make them differ in something that is seen.",
    ),
    "erid_alike_across": Check(
        "cross_link",
        "ERIDs of several sources that differ in case, spaces or invisible characters only",
        "A system or person on the way may take these ERIDs for one, so only the first to sign in "
        "is answered. Make them differ in something that is seen.",
    ),
    "erid_taken": Check(
        "cross_link",
        "ERID that the ledger knows as another user's",
        "Digital River would open the other user's account to this one, so this one is refused. "
        "Find out whose the ERID is and give the other user a new one.",
    ),
    "erid_taken_alike": Check(
        "cross_link",
        "ERID that looks like one the ledger knows as another user's",
        "It differs in case, spaces or invisible characters only, so this user is refused. "
        "Give this user an ERID that differs in something that is seen.",
    ),
    "erid_changed": Check(
        "lock_out",
        "ERID that is not the one in the ledger",
        "The user was answered with another ERID before and is refused now. Put the former value "
        "back into the column, or see sso-bridge erid relink.",
    ),
    "erid_retired": Check(
        "lock_out",
        "ERID that an operator took back",
        "It was somebody's once and is no longer anybody's, so the user is refused; only an "
        "operator can give it away again. Give the user an ERID that was never used.",
    ),
    "subject_retired": Check(
        "lock_out",
        "User whose ERID an operator took back",
        "sso-bridge erid retire or relink left this primary key without an ERID, so the user is "
        "refused. Remove the account, or give it an ERID with sso-bridge erid relink.",
    ),
    "subject_reused": Check(
        "lock_out",
        "Primary key that may be another person's",
        "The row is not the one that was answered: its fingerprint changed, so the user is "
        "refused. If it is another person, sso-bridge erid relink --new; if not, put the columns "
        "of the fingerprint back.",
    ),
    "erid_missing": Check(
        "lock_out",
        "No ERID",
        "The column is NULL, so the user is refused. Fill the column with a value that never "
        "changes, such as a random UUID.",
    ),
    "erid_blank": Check(
        "lock_out",
        "Blank ERID",
        "The column holds nothing that is seen, so the user is refused. Fill it with a value that "
        "never changes, such as a random UUID.",
    ),
    "erid_too_long": Check(
        "lock_out",
        "ERID too long",
        "It is longer than 255 characters, or than erid.max_length of the source, so the user is "
        "refused. Give the user a shorter one.",
    ),
    "erid_pattern": Check(
        "lock_out",
        "ERID that is not of the configured pattern",
        "erid.pattern of the source does not match, so the user is refused. Correct the ERID or "
        "the pattern.",
    ),
    "erid_control": Check(
        "lock_out",
        "ERID with control characters",
        "The ERID cannot be sent as it is, so the user is refused. Take out control and "
        "unassigned characters; line breaks at the end come from imports.",
    ),
    "erid_spaces": Check(
        "lock_out",
        "ERID with white space around it",
        "The next system may trim it, so the user is refused. Trim the column; fixed-width "
        "columns (CHAR) pad with spaces.",
    ),
    "subject_unusable": Check(
        "lock_out",
        "No usable primary key",
        "The subject column is NULL, empty, too long or has control characters, so no operation "
        "answers for the user. Map a column that is the primary key.",
    ),
    "subject_duplicated": Check(
        "lock_out",
        "Primary key shared by several users",
        "The subject column does not tell these users apart, so none of them is answered for. "
        "Map a column that is unique.",
    ),
    "login_missing": Check(
        "lock_out",
        "No login",
        "The login is NULL or blank, so no operation answers for the user. Give the user a "
        "login, or make sure that they need none.",
    ),
    "login_unusable": Check(
        "lock_out",
        "Login that cannot be sent",
        "It is longer than 255 characters or has control characters, so no operation answers for "
        "the user. Correct the login.",
    ),
    "login_spaces": Check(
        "lock_out",
        "Login with white space around it",
        "The shopper types it without, and is unknown. Trim the column; fixed-width columns "
        "(CHAR) pad with spaces.",
    ),
    "login_duplicated": Check(
        "lock_out",
        "Login shared by several users",
        "Under the configured login_match these logins are one, so a look-up is refused as "
        "ambiguous. Give each user a login of their own, and the column a unique constraint.",
    ),
    "password_unknown": Check(
        "lock_out",
        "Password of an unknown format",
        "No scheme knows the stored value, so no password is accepted. See the password formats "
        "for what it looks like; such users need a new password.",
    ),
    "password_unusable": Check(
        "lock_out",
        "Password hash that is corrupt or too costly",
        "The scheme is known, but the hash was cut off or damaged, or computing it would take too "
        "long, so no password is accepted. Is the column wide enough? Such users need a new one.",
    ),
    "password_missing": Check(
        "advice",
        "No password",
        "The column is NULL or marked as locked. These users can come in by a session only.",
    ),
    "login_case": Check(
        "advice",
        "Logins that differ in letter case only",
        "Under full Unicode case folding these logins are one. Each user is answered for by the "
        "exact login; another spelling is unknown or somebody else. Merge the accounts.",
    ),
    "login_accents": Check(
        "advice",
        "Logins that differ in accents only",
        "These logins are easily mistaken for each other. Each user is answered for by the exact "
        "login. Check that they are different people.",
    ),
    "login_collation": Check(
        "advice",
        "Logins that are one to the database",
        "The database's collation takes these logins for one, the configured login_match does not. "
        "Each is answered for by the exact login. Does your own application tell them apart?",
    ),
    "erid_email": Check(
        "advice",
        "ERID that looks like an e-mail address",
        "Addresses change, and are given to other people. A changed ERID is refused and a reused "
        "one names the former owner. Use a value that never changes, such as a random UUID.",
    ),
    "erid_login": Check(
        "advice",
        "ERID that is the login",
        "Logins change, and are given to other people. A changed ERID is refused and a reused "
        "one names the former owner. Use a value that never changes, such as a random UUID.",
    ),
    "erid_name": Check(
        "advice",
        "ERID that is the user's name",
        "Names change, and several people have the same one. Use a value that never changes, such "
        "as a random UUID.",
    ),
    "column_keys": Check(
        "advice",
        "Mapped column without an index or unique constraint",
        "Look-ups read the whole table, or nothing stops two users from having the same value.",
    ),
    "ledger_gone": Check(
        "advice",
        "Ledger entry whose user is gone",
        "The primary key is no longer in the user table. The ERID stays reserved, and a new user "
        "must never get the same primary key. Are all users there?",
    ),
    "ledger_stranger": Check(
        "advice",
        "Ledger entry of a source that is not configured",
        "The source was taken out, or was renamed and added anew: then its users are new people "
        "with new ERIDs. For a new name, sso-bridge ledger rename.",
    ),
}
"""The order is that of a report within one severity."""
