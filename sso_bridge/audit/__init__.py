"""Before go-live: every user of every source, compared with each other and with the ledger."""

from .checks import CHECKS
from .engine import Audit, AuditedSource, Bound, Ended, Row, audit
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
    "Severity",
    "SourceSummary",
    "audit",
]
