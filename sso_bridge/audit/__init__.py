"""Before go-live: every user of every source, compared with each other and with the ledger."""

from .checks import CHECKS
from .engine import Audit, Row, audit
from .given import AuditedSource, Bound, Ended, Seal
from .model import SEVERITIES, Finding, Report, Severity, SourceSummary

__all__ = [
    "CHECKS",
    "SEVERITIES",
    "Audit",
    "AuditedSource",
    "Bound",
    "Ended",
    "Finding",
    "Report",
    "Row",
    "Seal",
    "Severity",
    "SourceSummary",
    "audit",
]
