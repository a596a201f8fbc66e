"""Every number in the report's sentences is found again in its tables or parameters."""

import re
from pathlib import Path

import pytest

from prunestudy.analysis.inputs import TABLES, read_inputs
from prunestudy.params.reader import read_study
from prunestudy.plan.plan import Plan
from prunestudy.pruning.settings import ClosedLoop, OpenLoop
from prunestudy.report import formatting
from prunestudy.report.blocks import Sentence, Text
from prunestudy.report.contents import Contents
from prunestudy.report.paper import methods_paragraph
from prunestudy.report.sections import sections
from prunestudy.store.names import point_label
from prunestudy.store.tables import read_table, write_table
from tests.report.fabricated import make_study, write_tables

NUMBER = re.compile(r"[−+]?\d(?:[\d.]|\u202f(?=\d))*")
# Names of things, not numbers of the study.
NAMES = re.compile(r"R²|p_holm|\b[a-z_]+_[a-z0-9_]+\b|ONNX|CPU|batch 64|one\b")
SENTENCES = ("headline", "latency_headline", "comparisons", "cost", "within_budget", "summary")


@pytest.fixture(scope="module")
def default(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """The default study, made from its committed tables."""
    tables, given = root / "reports" / "tables", tmp_path_factory.mktemp("given")
    for name in set(TABLES) - {"history"}:
        write_table(read_table(tables / f"{name}.csv"), given / f"{name}.csv")
    # Epochs of trainings are in no git history, but what they cost is.
    (given / "history.csv").write_text("task,seed,method,point,epoch,train_loss,val_loss\n")
    contents = Contents(read_inputs(Plan(read_study(root / "params.yaml")), given, "f" * 64))
    contents.__dict__["cost"] = read_table(tables / "cost.csv")
    return contents


def made_up(folder: Path, final_params: int) -> Contents:
    """A made-up study with losses of quality."""
    study = make_study(methods=("traditional", "other", "adaptive", "hurried", "rounded"))
    write_tables(study, folder / "given", final_params, -0.01)
    return Contents(read_inputs(Plan(study), folder / "given", "f" * 64))


def written(value: float) -> set[str]:
    """A number in each of the ways in which the report writes numbers."""
    ways = {
        formatting.quality(value),
        formatting.change(value),
        formatting.ratio(value).rstrip("×"),
    }
    ways |= {formatting.count(value), formatting.mean_count(value), formatting.significant(value)}
    ways |= {
        formatting.bound(value, formatting.ratio).rstrip("×"),
        formatting.bound(value, formatting.change),
    }
    return ways | {formatting.probability(value), f"{value:g}", f"{value:.4g}"}


def known(contents: Contents) -> set[str]:
    """Every number of the tables that sentences are made from, and of the parameters."""
    study, inputs = contents.inputs.study, contents.inputs
    found: set[str] = set()
    tables = [contents.tables[name] for name in SENTENCES if name in contents.tables]
    for table in (*tables, inputs.datasets):
        for column in table.select_dtypes("number"):
            for value in table[column].dropna().unique():
                found |= written(float(value))
    for _other, pairs in contents.comparisons.groupby("second"):
        counts = [len(pairs), *pairs["verdict"].value_counts().tolist()]
        counts += [0] * bool(set(pairs["verdict"]) != {"lower", "no difference", "higher"})
        found |= {str(count) for count in counts}
    dense = inputs.networks["method"] == "dense"
    found |= {formatting.count(inputs.networks.loc[dense, "params"].max())}
    found |= {f"{task.requirements.max_drop:g}" for task in study.tasks.values()}
    found |= {point_label(point) for point in study.compressions}
    for question in study.report.compare:
        found |= {
            *NUMBER.findall(question.source),
            *(f"{one:g}" for one in question.claimed.values()),
        }
    seeds = len(study.seeds)
    # The level, the seeds, what the signed-rank test can reach with them, and its usual level.
    found |= {f"{100 * study.report.confidence:g}", str(seeds), f"{2.0 ** (1 - seeds):.4g}", "0.05"}
    # Zero and one as the values of no difference.
    return found | {"0", "1"}


def unknown(sentences: list[str], numbers: set[str]) -> list[tuple[str, str]]:
    """Numbers of sentences that are in no table, with their sentence."""
    return [
        (number, sentence)
        for sentence in sentences
        for number in NUMBER.findall(NAMES.sub("", sentence))
        if number.rstrip(".") not in numbers
    ]


# A task with an estimate and its interval, e.g. "digits (0.30×, 95 % interval 0.10× to 0.87×)".
ESTIMATE = re.compile(
    r"(\w+) \(([−+]?[\d.]+×?)(?: [^,()]+)?, (?:[\d.]+\u202f% interval )?([−+]?[\d.]+×?) to "
    r"([−+]?[\d.]+×?)\)"
)
# The word of a claim that tells a measure, its columns, and how they are written.
MEASURES = {
    "parameters": ("params_ratio", "params_low", "params_high", formatting.ratio),
    "test": ("test_difference", "test_low", "test_high", formatting.change),
    "time": ("time_ratio", "time_low", "time_high", formatting.ratio),
}


def misplaced(contents: Contents, finding: list[Sentence]) -> tuple[int, list[tuple[str, ...]]]:
    """How many estimates the finding has, and those that are not in their row of a cited table.

    Their row is that of their task and of the method and the measure that were named last.
    """
    count, wrong = 0, []
    for claim in finding:
        tables = [contents.tables[name] for name in claim.sources if "headline" in name]
        rows = [row for table in tables for row in table.to_dict("records")]
        methods = "|".join({str(row["second"]) for row in rows} or {"nobody"})
        for found in ESTIMATE.finditer(claim.text):
            before = claim.text[: found.start()]
            second = re.findall(rf"\b(?:{methods})\b", before)[-1]
            mean, low, high, write = MEASURES[re.findall("|".join(MEASURES), before)[-1]]
            expected = [
                (
                    row["task"],
                    write(row[mean]),
                    *(formatting.bound(row[end], write) for end in (low, high)),
                )
                for row in rows
                if row["second"] == second
            ]
            count += 1
            if found.groups() not in expected:
                wrong.append(found.groups())
    return count, wrong


COUNTED = re.compile(
    r"lower in (\d+), not different in (\d+)(?: \([^)]*\))? and higher in (\d+)(?: \(in (\d+) [^)]*"
    r"\))? of (\d+) paired comparisons? with ([\w, ]+)"
)
STAND_IN = re.compile(r"of (\w+) on ([^;.]*)")
EPOCHS = re.compile(r"([\d.]+) against ([\d.]+) on (\w+)")
FAMILY = re.compile(r"corrected for (\d+) comparisons")


def miscounted(contents: Contents, sentences: list[str]) -> tuple[int, list[tuple[str, ...]]]:
    """How many counts the sentences have, and those that the tables do not give."""
    count, wrong = 0, []

    def check(said: tuple[str, ...], found: tuple[str, ...]) -> None:
        nonlocal count
        count += 1
        if said != found:
            wrong.append(said)

    compared, chosen, headline = contents.comparisons, contents.within_budget, contents.headline
    for text in sentences:
        for *said, corrected, total, names in COUNTED.findall(text):
            for second in names.removesuffix(" each").replace(" and ", ", ").split(", "):
                pairs = compared[compared["second"] == second]
                gains = pairs[pairs["verdict"] == "higher"]
                certain = str((gains["p_t_holm"] < 0.05).sum()) if len(gains) else ""
                verdicts = ("lower", "no difference", "higher")
                counts = [str((pairs["verdict"] == name).sum()) for name in verdicts]
                check((*said, corrected, total), (*counts, certain, str(len(pairs))))
        if text.startswith("No pruned network"):
            for method, places in STAND_IN.findall(text):
                for task, number, seeds in re.findall(r"(\w+) \((\d+) of (\d+) seeds?\)", places):
                    own = chosen.query("task == @task and method == @method")
                    found = (str((own["point"] == "1").sum()), str(len(own)))
                    check((task, method, number, seeds), (task, method, *found))
        if text.startswith("Epochs of a whole"):
            cost = contents.cost.set_index(["task", "method"])["epochs_trained_mean"]
            for first, second, task in EPOCHS.findall(text):
                found = [
                    formatting.mean_count(cost[task, one]) for one in ("adaptive", "traditional")
                ]
                check((first, second, task), (*found, task))
        if "fastest" not in text:
            families = headline.groupby("second")["family"].max()
            asked, others = families["traditional"], families.drop("traditional").max()
            beside = "other methods" in text
            for number in FAMILY.findall(text):
                check((number,), (str(others if beside else asked),))
    return count, wrong


def sentences_of(contents: Contents) -> list[str]:
    """The finding and what stands beside it."""
    return [one.text for one in (*contents.finding, *contents.claims, *contents.caveats)]


def test_every_number_of_the_default_report_is_in_its_tables(default: Contents) -> None:
    assert unknown(sentences_of(default), known(default)) == []
    count, wrong = misplaced(default, default.finding)
    assert wrong == []
    assert count > 10
    count, wrong = miscounted(default, sentences_of(default))
    assert wrong == []
    assert count > 8


def test_a_count_that_is_another_comparisons_is_found(default: Contents) -> None:
    patterns = {"lower in ": 1, "not different in ": 1, " of 5 seeds)": -1, " against ": -1}
    patterns |= {" paired comparisons": -1, " (in ": 1}
    found = 0
    for text in sentences_of(default):
        told = (COUNTED.search(text), text.startswith(("No pruned network", "Epochs of a whole")))
        for words, side in patterns.items() if any(told) else ():
            escaped = re.escape(words)
            for match in re.finditer(rf"{escaped}\d+" if side > 0 else rf"\d+{escaped}", text):
                # Another digit in front makes another count.
                at = match.start() + len(words) if side > 0 else match.start()
                changed = f"{text[:at]}9{text[at:]}"
                assert miscounted(default, [changed])[1], changed
                found += 1
    assert found > 15


@pytest.mark.parametrize("final_params", [300, 900])
def test_every_number_of_a_made_up_report_is_in_its_tables(
    tmp_path: Path, final_params: int
) -> None:
    contents = made_up(tmp_path, final_params)
    assert unknown(sentences_of(contents), known(contents)) == []
    count, wrong = misplaced(contents, contents.finding)
    assert wrong == []
    assert count > 5
    # An estimate of another task, or with another interval, is found.
    first, *others = contents.finding
    [task, mean, low, high], *_others = ESTIMATE.findall(first.text)
    altered = Sentence(first.text.replace(f"{low} to {high})", f"{low} to 9.99)", 1), first.sources)
    assert misplaced(contents, [altered, *others])[1] == [(task, mean, low, "9.99")]


def test_a_number_that_is_nowhere_is_found(default: Contents) -> None:
    numbers = known(default)
    assert unknown(["adaptive needs 0.12345× of it"], numbers)
    assert unknown(["in 987654 of 11 comparisons"], numbers)


# The rest of the page: checklist, captions, and the paragraph for a paper.


def evidence_numbers(contents: Contents) -> dict[str, set[str]]:
    """What the checklist's lines may say, computed from the tables alone."""
    study, inputs = contents.inputs.study, contents.inputs
    results, timings = inputs.networks, inputs.timings
    dense = results[results["method"] == "dense"]
    pruned = results[results["compression"] > 1]
    summary, tau = contents.summary, contents.rank_correlation["tau"]
    seeds = {str(count) for count in (summary["n"].min(), summary["n"].max())}
    points = {point_label(point) for point in study.compressions}
    cells = str(len(study.tasks) * len(study.seeds))
    whole, largest = str(len(results)), formatting.count(dense["params"].max())
    # Baselines show no collapse of a method.
    plain = [
        name
        for name, one in study.methods.items()
        if isinstance(one, ClosedLoop) or (isinstance(one, OpenLoop) and one.reference is None)
    ]
    losses = set()
    for task, rows in summary.groupby("task"):
        reached = rows[rows["point"].isin(points) & rows["method"].isin(plain)]
        last = max(reached["point"], key=float)
        worst = reached.loc[reached["point"] == last, "test_mean"].min()
        quality = rows.loc[rows["method"] == "dense", "test_mean"].mean()
        assert task in study.tasks
        losses |= {last, f"{100 * round(1 - worst / quality, 3):g}"}
    machine = " ".join(
        f"{row['processor']} {row['cores']:g} {row['memory_gb']:g}"
        for row in timings.to_dict("records")
    )
    pointed = summary[summary["point"].isin(points)]
    by_task = pointed.groupby("task")[["method", "point"]].nunique()
    curves = {str(count) for count in by_task.to_numpy().ravel()}
    return {
        "R1": {str(len(study.tasks))},
        "R2": {str(len(study.tasks)), largest},
        "R3": {whole},
        "R4": {"100"},
        "R5": {cells, str(len(dense))},
        "R6": curves,
        "R7": points,
        "R8": seeds,
        "C3": {largest},
        "C7": {*NUMBER.findall(machine)},
        "C8": losses,
        "C9": {whole},
        "C10": {str(len(study.seeds))},
        "C11": {f"{100 * study.report.confidence:g}", str(len(pointed))},
        "C15": {whole},
        "S": {"3.2"},
        "O": {
            str(len(pruned)),
            str(len(tau)),
            formatting.effect(tau.min()),
            formatting.effect(tau.max()),
        },
    }


# Versions, names of networks and of commits.
SPELLED = re.compile(r"\d+\.\d+\.\d+|\b(?:cnn|mlp)[-\d]*\d|\bcommit \w+|CPUs?\b")


def test_every_number_of_the_checklist_is_computed_again(default: Contents) -> None:
    expected = evidence_numbers(default)
    lines = default.checklist
    assert {line.id for line in lines} >= set(expected)
    wrong = [
        (line.id, number)
        for line in lines
        for number in NUMBER.findall(SPELLED.sub("", NAMES.sub("", line.evidence)))
        if number.rstrip(".") not in expected.get(line.id, set())
    ]
    assert wrong == []


# What captions may say beside numbers of the tables: batch sizes and the ends of scales, equal
# compression within 15 %, and the percentiles of quartiles.
OF_CAPTIONS = {"0", "1", "64", "15", "2", "3"}


def test_every_number_of_a_caption_is_known(root: Path, default: Contents) -> None:
    study = default.inputs.study
    text = (root / "reports" / "report.md").read_text(encoding="utf-8")
    captions = re.findall(r"^\*(?:[^*]+)\*(.*)$", text, flags=re.MULTILINE)
    assert len(captions) > 5
    numbers = {f"{100 * study.report.confidence:g}", str(len(study.seeds)), *OF_CAPTIONS}
    assert unknown(captions, numbers) == []


def test_every_number_of_the_paragraph_for_a_paper_is_known(default: Contents) -> None:
    study, data = default.inputs.study, default.inputs.datasets
    text = SPELLED.sub("", re.sub(r" \[@[^\]]*\]", "", methods_paragraph(default.inputs)))
    rows = data[["train_rows", "validation_rows", "test_rows"]].to_numpy().ravel()
    numbers = {formatting.count(count) for count in rows}
    numbers |= {str(len(each)) for each in (study.methods, study.tasks, study.seeds)}
    numbers |= {point_label(point) for point in study.compressions}
    fixed = [method for method in study.methods.values() if isinstance(method, OpenLoop)]
    loops = [method for method in study.methods.values() if isinstance(method, ClosedLoop)]
    numbers |= {str(method.stages) for method in fixed if method.stages}
    numbers |= {f"{task.requirements.max_drop:g}" for task in study.tasks.values()}
    trainings = [one for task in study.tasks.values() for one in (task.training, task.retraining)]
    for training in trainings:
        numbers |= {str(training.epochs), str(training.batch_size), f"{training.lr:g}"}
    numbers |= {str(method.round_to) for method in (*fixed, *loops)}
    numbers |= {f"{100 * study.report.confidence:g}", str(study.latency.repeats)}
    layers = [one.network.model_dump() for one in study.tasks.values()]
    widths = [wide for one in layers for wide in (one.get("hidden") or one.get("channels") or [])]
    numbers |= {*map(str, widths), *(str(len(one.get("hidden") or [])) for one in layers)}
    # Kernels and pooling of convolutions.
    numbers |= {"2", "3"}
    # Batch of the latency, and the values of no difference.
    assert unknown([text], numbers | {"64", "0", "1"}) == []


def test_the_controllers_counts_are_those_of_its_log(default: Contents) -> None:
    [controller] = [one for one in sections(default) if one.id == "controller"]
    [text] = [block.text for block in controller.blocks if isinstance(block, Text)]
    verdicts = default.inputs.decisions["verdict"].value_counts()
    names = ("accepted", "rolled back", "mapped", "not chosen")
    assert [int(count) for count in re.findall(r"\d+", text)] == [verdicts[one] for one in names]
