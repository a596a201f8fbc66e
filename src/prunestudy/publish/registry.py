"""The registry: each task's best network, under the alias ``best``."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

from prunestudy.analysis.budget import best
from prunestudy.plan.artifact import Artifact
from prunestudy.plan.plan import Plan
from prunestudy.publish.client import MlflowClient
from prunestudy.store.tables import read_table

# What a registered network is, for those who find it in the registry.
BEST = (
    "The smallest network within the task's allowed validation drop, of all seeds and methods "
    "but baselines. As the best of many its validation quality flatters it; the report compares "
    "methods, seed by seed. It is a safetensors file that holds its own architecture: read it with "
    "prunestudy.networks.storage.read_network, or make ONNX of it with 'prunestudy export'."
)


def register_best(client: MlflowClient, plan: Plan, runs: dict[str, str], report: Path) -> None:
    """Register each task's best network.

    Args:
        runs: ids of the trajectories' runs, by run key.
    """
    study = plan.study
    for row in best(study, read_table(report / "tables" / "within_budget.csv")).to_dict("records"):
        made = plan.find("prune", task=row["task"], seed=int(row["seed"]), method=row["method"])
        _register(client, f"{study.name}-{row['task']}", made, runs[made.key], row)


def _register(
    client: MlflowClient, name: str, made: Artifact, run: str, row: dict[Hashable, Any]
) -> None:
    best = _best_known(client, name)
    digest = str(row["artifact_sha256"])
    versions = client.search_model_versions(f"name = '{name}'")
    version = next((one for one in versions if one.tags.get("sha256") == digest), None)
    if version is None:
        client.log_artifact(run, str(made.path / f"{row['point']}.safetensors"), "network")
        uri = client.get_run(run).info.artifact_uri
        names = ("task", "seed", "method", "point", "params", "val", "test")
        tags = {"sha256": digest, **{one: str(row[one]) for one in names}}
        version = client.create_model_version(
            name, f"{uri}/network", run_id=run, tags=tags, description=BEST
        )
    if best != str(version.version):
        client.set_registered_model_alias(name, "best", version.version)


def _best_known(client: MlflowClient, name: str) -> str | None:
    """The version of a model that is called best; the model is made if it is new."""
    found = client.search_registered_models(f"name = '{name}'")
    if not found:
        client.create_registered_model(name)
        return None
    aliases = found[0].aliases
    return str(aliases["best"]) if "best" in aliases else None
