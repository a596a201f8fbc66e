"""The command line: one sub-command a rule, and what people ask a study by hand."""

import argparse
import errno
import gc
import sys
from collections.abc import Callable
from pathlib import Path

from prunestudy.errors import ParamsError, StudyError
from prunestudy.steps import jobs

DEFAULT_PARAMS = Path("params.yaml")
Command = Callable[[argparse.Namespace], int | None]


def main(arguments: list[str] | None = None) -> int:
    """Run one sub-command; problems become sentences and exit codes, never tracebacks."""
    # Importing torch and Lightning makes a million objects that all stay; to look for garbage
    # among them again and again takes a third of a job's start.
    gc.set_threshold(200_000, 20, 20)
    parsed = parser().parse_args(arguments)
    command: Command = parsed.command
    try:
        return command(parsed) or 0
    except ParamsError as error:
        print(f"prunestudy: {error}", file=sys.stderr)
        return 2
    except StudyError as error:
        print(f"prunestudy {parsed.name}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1
    except OSError as error:
        print(f"prunestudy {parsed.name}: {error}{_advice(error)}", file=sys.stderr)
        return 1
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        print(
            f"prunestudy {parsed.name}: out of memory ({str(error).strip() or 'no details'}); "
            "run fewer jobs at once (prunestudy run --cores 1) or use a smaller batch_size",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print(f"prunestudy {parsed.name}: interrupted", file=sys.stderr)
        return 130


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out; torch has no class of its own for it on a CPU."""
    text = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or "can't allocate memory" in text
        or ("out of memory" in text)
    )


def _advice(error: OSError) -> str:
    """What to do about an error of the file system."""
    advice = {
        errno.ENOSPC: "the disk is full: free some space (prunestudy gc, dvc gc)",
        errno.EDQUOT: "the quota is used up: free some space (prunestudy gc, dvc gc)",
        errno.EROFS: "the file system is read-only: make it writable",
        errno.EACCES: "allow this user to write there",
        errno.EPERM: "allow this user to write there",
        errno.EMFILE: "raise the limit of open files (ulimit -n)",
    }
    code = error.errno
    if code is None and "No space left" in str(error):
        # The writer of safetensors gives the text alone.
        code = errno.ENOSPC
    told = advice.get(code or 0)
    return f"; {told}, then run the study again; what is finished is kept" if told else ""


def parser() -> argparse.ArgumentParser:
    """The parser with every sub-command."""
    top = argparse.ArgumentParser(
        prog="prunestudy",
        description="Reproducible neural-network pruning studies. "
        "'make study' runs everything; these are its parts.",
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True, title="commands")
    _add_questions(commands)
    _add_steps(commands)
    return top


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    command: Command,
    params: bool = True,
) -> argparse.ArgumentParser:
    added = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:])
    added.set_defaults(command=command, name=name)
    if params:
        added.add_argument(
            "--params",
            type=Path,
            default=DEFAULT_PARAMS,
            metavar="FILE",
            help="parameters of the study (default: params.yaml)",
        )
    return added


def _add_questions(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from prunestudy.cli import look as questions
    from prunestudy.run import launch as runs

    _command(commands, "check", "check a parameters file; list every problem", questions.check)
    _command(commands, "status", "say what would run, and why", questions.status)
    check = _command(
        commands, "verify", "check every artifact against its digests", questions.verify
    )
    check.add_argument(
        "--rerun",
        metavar="CELL",
        help="compute one cell again and compare, e.g. wdbc/seed0/adaptive",
    )
    check.add_argument(
        "--against", type=Path, metavar="FOLDER", help="compare with the same study elsewhere"
    )
    trace = _command(
        commands,
        "trace",
        "say where a cell's numbers come from: files, digests, params, commit, MLflow run",
        questions.trace,
    )
    trace.add_argument("cell", metavar="CELL", help="e.g. wdbc/seed0/adaptive")
    compare = _command(
        commands, "compare", "say what changed between two revisions of a study", questions.compare
    )
    compare.add_argument("first", metavar="REV_A", help="git revision or DVC experiment")
    compare.add_argument(
        "second",
        metavar="REV_B",
        nargs="?",
        default="workspace",
        help="another (default: the working tree)",
    )
    compare.add_argument("--page", type=Path, metavar="FILE", help="write it as a page, too")
    archive = _command(
        commands, "archive", "pack params, lock file, report and checksums", questions.archive
    )
    archive.add_argument("--out", type=Path, metavar="FILE", help="the zip file to write")
    sweep = _command(commands, "gc", "delete artifacts that the study does not reach", questions.gc)
    sweep.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    run = _command(commands, "run", "run the study's graph (what DVC calls)", runs.run)
    run.add_argument("--cores", default="all", help="cores to use (default: all)")
    run.add_argument(
        "snakemake", nargs="*", metavar="ARG", help="further arguments for snakemake, after --"
    )
    study = _command(
        commands, "study", "check, run through DVC, and print the finding", runs.study, False
    )
    study.add_argument(
        "--study", default="", metavar="NAME", help="studies/NAME.yaml (default: params.yaml)"
    )
    schema = _command(
        commands, "schema", "print the JSON schema of a parameters file", questions.schema, False
    )
    schema.set_defaults(name="schema")
    _command(
        commands, "defaults", "print the documented default study", questions.default_params, False
    )
    ui = _command(commands, "ui", "publish if needed and open MLflow's pages", questions.ui)
    ui.add_argument("--port", type=int, default=5000, help="port on this machine (default: 5000)")
    export = _command(commands, "export", "export a network as ONNX, checked", jobs.export, False)
    export.add_argument("network", type=Path, help="a .safetensors file under models/")
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="the ONNX file")


def _add_steps(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    def paths(step: argparse.ArgumentParser, *names: str) -> None:
        for name in names:
            step.add_argument(f"--{name}", type=Path, required=True, metavar="PATH")
        step.add_argument("--out", type=Path, required=True, metavar="PATH", help="what to write")

    def cell(step: argparse.ArgumentParser, method: bool = False) -> None:
        step.add_argument("--task", required=True, help="task of the study")
        step.add_argument("--seed", required=True, type=int, help="seed of the study")
        if method:
            step.add_argument("--method", required=True, help="method of the study, or dense")

    fetch = _command(commands, "fetch", "fetch a data set and check its digests", jobs.fetch)
    fetch.add_argument("--dataset", required=True, help="data set of the catalogue")
    paths(fetch)
    prepare = _command(commands, "prepare", "split and scale a task's data", jobs.prepare)
    prepare.add_argument("--task", required=True, help="task of the study")
    paths(prepare, "raw")
    train = _command(commands, "train", "train the dense network of a task and seed", jobs.train)
    cell(train)
    paths(train, "data")
    profile = _command(
        commands, "profile", "measure how long each layer takes at each width", jobs.profile
    )
    profile.add_argument("--task", required=True, help="task of the study")
    profile.add_argument("--granule", required=True, type=int, help="widths in multiples of this")
    paths(profile, "data")
    prune = _command(commands, "prune", "run one trajectory of a method", jobs.prune)
    cell(prune, method=True)
    paths(prune, "data", "dense")
    prune.add_argument(
        "--reference",
        type=Path,
        metavar="PATH",
        help="the other method's trajectory, for controls and like:METHOD",
    )
    prune.add_argument(
        "--layer-times",
        type=Path,
        metavar="PATH",
        help="table of profile, for closed loops that price latency",
    )
    for name, summary, command in (
        ("evaluate", "evaluate every network of a task and seed", jobs.evaluate),
        ("latency", "measure latency of a task and seed", jobs.latency),
    ):
        step = _command(commands, name, summary, command)
        cell(step)
        step.add_argument(
            "--networks",
            nargs="+",
            required=True,
            metavar="METHOD=PATH",
            help="trajectories to look at, dense among them",
        )
        paths(step, *(["data"] if name == "evaluate" else []))
    collect = _command(commands, "collect", "collect the study's tables", jobs.collect)
    paths(collect)
    report = _command(commands, "report", "write the report from the tables", jobs.report)
    paths(report, "tables")
    publish = _command(commands, "publish", "publish the study to MLflow", jobs.publish)
    paths(publish, "tables")


if __name__ == "__main__":
    sys.exit(main())
