"""Builds the report of a made-up study."""

import pytest

from prunestudy.params.settings import Study
from prunestudy.plan.plan import Plan
from prunestudy.report.build import build_report
from tests.report.fabricated import Build, Built, Cell, make_study, write_tables


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Builds the report of a made-up study."""

    def built(study: Study | None = None, failed: frozenset[Cell] = frozenset()) -> Built:
        plan = Plan(study or make_study())
        root = tmp_path_factory.mktemp("report")
        write_tables(plan.study, root / "given", 300, 0.0, failed)
        written = build_report(plan, root / "given", root / "reports", "f" * 64)
        return Built(plan, root / "given", root / "reports", written)

    return built
