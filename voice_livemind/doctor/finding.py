"""What a check found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    what: str
    good: bool
    detail: str
    """What was found; where it is not good, also what mends it."""
    needed: bool = True
    """Whether ``replay`` does not work without it."""


def replay_works(findings: list[Finding]) -> bool:
    """Whether nothing that recordings need is missing."""
    return all(finding.good or not finding.needed for finding in findings)
