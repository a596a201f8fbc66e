"""Report: the study's page, tables and figures, made from its tables alone."""

from pathlib import Path

from prunestudy.plan import Plan


def build_report(plan: Plan, tables: Path, folder: Path, run_key: str) -> list[Path]:
    """Write the report of a study into ``folder``; return every file written."""
    raise StudyError("")
