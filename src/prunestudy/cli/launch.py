"""Commands that run a study."""

from prunestudy.cli.options import Commands, add_command
from prunestudy.run import graph, study


def add(commands: Commands) -> None:
    """Add the group's commands."""
    run = add_command(commands, "run", "run the study's graph (what DVC calls)", graph.run)
    run.add_argument("--cores", default="all", help="cores to use (default: all)")
    run.add_argument(
        "snakemake", nargs="*", metavar="ARG", help="further arguments for snakemake, after --"
    )
    whole = add_command(
        commands, "study", "check, run through DVC, and print the finding", study.study, False
    )
    whole.add_argument(
        "--study", default="", metavar="NAME", help="studies/NAME.yaml (default: params.yaml)"
    )
