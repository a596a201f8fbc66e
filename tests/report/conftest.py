"""Builds the report of a made-up study."""

import pytest

from prunestudy.params.settings import Study
from prunestudy.plan.plan import Plan
from prunestudy.report.build import build_report
from tests.report.fabricated import Build, Built, Cell, make_study, write_tables


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Builds the report of a made-up study."""

    def built(
        study: Study | None = None,
        final_params: int = 300,
        test_change: float = 0.0,
        failed: frozenset[Cell] = frozenset(),
    ) -> Built:
        study = study or make_study()
        root = tmp_path_factory.mktemp("report")
        write_tables(study, root / "given", final_params, test_change, failed)
        plan = Plan(study)
        folder = root / "reports"
        written = build_report(plan, root / "given", folder, "f" * 64)
        return Built(plan, root / "given", folder, written)

    return built
