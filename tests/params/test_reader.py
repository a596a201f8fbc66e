"""Parameters files: every problem at once, with its place, what is allowed and a near miss."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from prunestudy.data.settings import SplitShares
from prunestudy.errors import ParamsError
from prunestudy.params.documented import documented
from prunestudy.params.reader import check_study, read_study, written_out
from prunestudy.params.reference import IMPLIED, reference, schema_text
from prunestudy.params.report_settings import Report
from prunestudy.params.settings import Study
from prunestudy.settings.base import Params
from prunestudy.store.guarded import kind
from prunestudy.training.settings import Training
from tests.conftest import CONTENT, within
from tests.methods import method_of
from tests.plan.damages import KINDS


@pytest.fixture
def written(tmp_path: Path):
    """A parameters file with the given text or content."""

    def write(what: Any) -> Path:
        file = tmp_path / "params.yaml"
        if isinstance(what, str):
            file.write_text(what, encoding="utf-8")
        else:
            YAML(typ="safe", pure=True).dump(what, file)
        return file

    return write


def problems(file: Path) -> dict[str, str]:
    """Every problem of a file: path → the whole line."""
    with pytest.raises(ParamsError) as caught:
        read_study(file)
    assert len({problem.path for problem in caught.value.problems}) == len(caught.value.problems)
    return {problem.path: str(problem) for problem in caught.value.problems}


# The generated files.


@pytest.mark.parametrize("split", [{}, {"folds": 2}], ids=["once", "folds"])
def test_a_study_written_out_reads_back_as_the_same(
    content: dict[str, Any], tmp_path: Path, split: dict[str, Any]
):
    content["tasks"]["digits"]["data"]["split"] = split
    study, file = check_study(content), tmp_path / "params.yaml"
    file.write_text(documented(study), encoding="utf-8")
    assert read_study(file) == study
    assert "batch_size: 64  # rows of a batch" in file.read_text(encoding="utf-8")


def test_the_schema_for_editors_is_what_the_types_generate(root: Path):
    text = (root / "docs" / "params.schema.json").read_text(encoding="utf-8")
    assert text == schema_text()
    assert set(json.loads(text)["properties"]) == set(Study.model_fields)


def test_the_page_of_parameters_is_what_the_types_generate(root: Path):
    assert (root / "docs" / "params.md").read_text(encoding="utf-8") == reference()


def test_the_page_shows_every_key_with_an_example_or_a_group_of_its_own():
    rows = [line.split(" | ") for line in reference().splitlines() if line.startswith("| `")]
    groups: list[type[Params]] = Params.__subclasses__()
    for group in groups:
        groups += group.__subclasses__()
    shown = {row[0].strip("|` ") for row in rows}
    assert shown == {key for group in groups for key in group.model_fields}
    for _key, _default, allowed, meaning, example in rows:
        assert meaning
        assert "see below" in allowed or example.startswith("`")


PRINTED = st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"])


@settings(max_examples=25)
@given(
    lr=st.floats(min_value=1e-9, max_value=100),
    decay=st.floats(min_value=0, max_value=10),
    title=st.text(PRINTED, min_size=1, max_size=20),
    authors=st.lists(st.text(PRINTED, max_size=8), max_size=2),
)
def test_any_study_as_a_file_reads_back_as_itself(
    tmp_path: Path, lr: float, decay: float, title: str, authors: list[str]
):
    study = Study.model_validate(CONTENT)
    task = study.tasks["diabetes"].model_copy(
        update={"training": Training(lr=lr, weight_decay=decay, epochs=3)}
    )
    study = study.model_copy(
        update={
            "tasks": {"diabetes": task},
            "methods": {"random": study.methods["traditional"]},
            "report": Report(title=title, authors=authors),
        }
    )
    file = tmp_path / "params.yaml"
    file.write_text(documented(study), encoding="utf-8")
    assert read_study(file) == study


# Faults.


def test_a_file_with_many_faults_lists_them_all_at_once(content: dict[str, Any], written):
    tasks = content["tasks"]
    tasks["diabetes"]["network"] = {"name": "mlp", "hiden": [5]}
    tasks["diabetes"]["training"]["epochs"] = "many"
    tasks["digits"]["network"]["name"] = "cn"
    tasks["digits"]["data"]["name"] = "digit"
    del tasks["digits"]["loss"]
    content["methods"]["traditional"]["criterion"] = "magnitud"
    content["methods"]["adaptive"]["controller"]["patiense"] = 3
    content["reports"] = {}
    content["seeds"] = [0, -1]
    found = problems(written(content))
    assert set(found) == {
        "tasks.diabetes.network.hidden",
        "tasks.diabetes.network.hiden",
        "tasks.diabetes.training.epochs",
        "tasks.digits.network.name",
        "tasks.digits.data.name",
        "tasks.digits.loss",
        "methods.traditional.criterion",
        "methods.adaptive.controller.patiense",
        "reports",
        "seeds.1",
    }


def test_the_message_counts_the_problems_and_has_a_line_for_each(content: dict[str, Any], written):
    del content["tasks"]["digits"]["loss"]
    del content["tasks"]["digits"]["metric"]
    file = written(content)
    with pytest.raises(ParamsError) as caught:
        read_study(file)
    head, *lines = str(caught.value).splitlines()
    assert head == f"{file}: 2 problems"
    assert [line.strip() for line in lines] == [
        "tasks.digits.loss: is required and missing",
        "tasks.digits.metric: is required and missing",
    ]


def test_an_unknown_key_near_a_known_one(content: dict[str, Any], written):
    content["tasks"]["digits"]["retraning"] = content["tasks"]["digits"].pop("retraining")
    found = problems(written(content))
    unknown = found["tasks.digits.retraning"]
    assert "is not a known key" in unknown
    assert (
        "allowed: data, network, loss, metric, metrics, reference, training, retraining" in unknown
    )
    assert "did you mean 'retraining'?" in unknown


def test_an_unknown_key_near_nothing_has_no_near_miss(content: dict[str, Any], written):
    content["xyzzy"] = 1
    assert "did you mean" not in problems(written(content))["xyzzy"]


def test_a_wrong_word_names_what_is_allowed(content: dict[str, Any], written):
    content["tasks"]["digits"]["training"]["lr_schedule"] = "cosin"
    assert problems(written(content)) == {
        "tasks.digits.training.lr_schedule": "tasks.digits.training.lr_schedule: 'cosin' is not a "
        "known value; allowed: constant, cosine, one_cycle; did you mean 'cosine'?"
    }


@pytest.mark.parametrize(
    ("weights", "place", "said"),
    [
        ("balancd", "", "'balancd' is not a known value; allowed: balanced; did you mean"),
        ([1, -2], ".1", "input should be greater than 0, found -2"),
        ({"0": -1}, ".0", "input should be greater than 0, found -1"),
    ],
)
def test_of_several_types_the_nearest_says_what_is_wrong(
    weights: Any, place: str, said: str, content: dict[str, Any], written
):
    content["tasks"]["digits"]["loss"] = {"name": "cross_entropy", "class_weights": weights}
    found = problems(written(content))
    assert list(found) == [f"tasks.digits.loss.class_weights{place}"]
    assert said in str(found)


def test_a_wrong_type_says_what_was_found(content: dict[str, Any], written):
    content["tasks"]["digits"]["network"]["channels"] = "wide"
    [(path, line)] = problems(written(content)).items()
    assert path == "tasks.digits.network.channels"
    assert "list" in line
    assert "'wide'" in line


def test_a_bad_network_tag(content: dict[str, Any], written):
    content["tasks"]["digits"]["network"]["name"] = "cmn"
    assert problems(written(content)) == {
        "tasks.digits.network.name": "tasks.digits.network.name: 'cmn' is not a known value; "
        "allowed: mlp, cnn, lenet_300_100, lenet_5, resnet, vgg_16, textcnn, embedding_bag, "
        "mlp_mixed; did you mean 'cnn'?"
    }


def test_a_missing_network_tag(content: dict[str, Any], written):
    del content["tasks"]["digits"]["network"]["name"]
    assert list(problems(written(content))) == ["tasks.digits.network.name"]


def test_a_rule_between_keys_names_the_group(content: dict[str, Any], written):
    content["methods"]["iterative"].pop("stages")
    assert problems(written(content)) == {
        "methods.iterative": "methods.iterative: schedule 'cubic' needs stages"
    }


def test_a_name_that_cannot_be_a_folder(content: dict[str, Any], written):
    content["methods"]["My Method"] = {"criterion": "random"}
    [(path, line)] = problems(written(content)).items()
    assert path == "methods.My Method"
    assert "lower-case letters" in line


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("name: a\nname: b\n", "line 2, column 1", "duplicate key"),
        ("seeds: [1, 2\n", "line 2, column 1", "expected ',' or ']'"),
        ("name: \tsmall\n", "line 1, column 7", "cannot start any token"),
        ("name: \x00\n", "file", "is not valid YAML"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1", "another document"),
        ("a: !!python/object:os.system x\n", "line 1, column 4", "is no tag of plain values"),
        ("", "file", "found nothing"),
        ("# only a comment\n", "file", "found nothing"),
        ("- a\n- b\n", "file", "found list"),
        ("just words\n", "file", "found str"),
        ("[" * 3000, "file", "is not valid YAML"),
    ],
)
def test_a_file_that_holds_no_mapping(written, text: str, place: str, reason: str):
    [(path, line)] = problems(written(text)).items()
    assert path == place
    assert reason in line


@pytest.mark.parametrize(
    ("text", "place", "name"),
    [
        ("seeds: &a [*a]\n", "line 1, column 8", "a"),
        ("tasks: &all\n  x: {y: [1, *all]}\n", "line 1, column 8", "all"),
        ("&top\nname: x\ntasks: *top\n", "line 1, column 1", "top"),
        ("tasks: &a {<<: *a}\n", "line 1, column 8", "a"),
        ("tasks: {? &k [*k] : 1}\n", "line 1, column 11", "k"),
        ("a: &a\n  b: &b [*a]\nc: *b\n", "line 1, column 4", "a"),
    ],
)
def test_a_value_that_contains_itself_is_named_with_its_place(
    written, text: str, place: str, name: str
):
    told = f"{place}: contains itself (*{name}); write out what the alias stands for"
    assert problems(written(text)) == {place: told}


@pytest.mark.parametrize("levels", [5, 300])
def test_aliases_that_expand_to_more_than_any_study_are_counted(written, levels: int):
    text = "a: &a0 [x, x]\n" + "".join(
        f"b{n}: &a{n + 1} [{', '.join([f'*a{n}'] * 20)}]\n" for n in range(levels)
    )
    [told] = problems(written(text)).values()
    assert "expands to more than 100,000 values by its aliases" in told


def test_a_file_that_is_not_there_names_the_ready_made_studies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "smoke.yaml").touch()
    monkeypatch.chdir(tmp_path)
    assert problems(Path("absent.yaml")) == {
        "file": f"file: there is no such file; allowed: {Path('studies') / 'smoke.yaml'}"
    }


def test_bytes_in_place_of_the_file(tmp_path: Path):
    noise = tmp_path / "noise.yaml"
    noise.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in problems(noise)["file"]


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("how", ["a folder", "a pipe", "a link to nowhere", "a link to itself"])
def test_what_is_no_file_is_named_and_not_waited_for(tmp_path: Path, how: str, linked: bool):
    file = tmp_path / "params.yaml"
    KINDS[how](file)
    with within(5):
        told = problems(file)["file"]
    if linked:
        (tmp_path / "link.yaml").symlink_to(file)
        assert problems(tmp_path / "link.yaml")["file"] == told
    elif how in ("a folder", "a pipe"):
        assert re.search(rf": is {kind(file)}; .* from a regular file", told)
    else:
        assert told.endswith("is a link to nothing")


def test_a_link_to_a_file_is_followed(content: dict[str, Any], written, tmp_path: Path):
    (tmp_path / "link.yaml").symlink_to(written(content))
    assert read_study(tmp_path / "link.yaml") == read_study(written(content))


# Whatever is written, the answer is a study or a list of problems.


def places(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of nested content, the root apart."""
    items: Any = ()
    if isinstance(content, dict):
        items = content.items()
    elif isinstance(content, list):
        items = enumerate(content)
    inner = [place for key, value in items for place in places(value, (*path, key))]
    return ([path] if path else []) + inner


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.dates()
    | st.sampled_from(["mlp", "cnn", "cubic", "closed_loop", "magnitude", "dense", "r2"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.integers() | st.none(), inner, max_size=3)
    ),
    max_leaves=5,
)
MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["replace", "delete", "add"]),
        st.sampled_from(places(CONTENT)),
        VALUES,
        st.text(max_size=6) | st.sampled_from(["name", "controller", "stages", "hidden"]),
    ),
    min_size=1,
    max_size=4,
)


def mutated(content: Any, mutations: list[tuple[str, tuple[Any, ...], Any, str]]) -> Any:
    """Content after changes; a change whose place went with an earlier one is left out."""
    for what, place, value, key in mutations:
        group = content
        try:
            for part in place[:-1]:
                group = group[part]
            if what == "replace":
                group[place[-1]] = value
            elif what == "delete":
                del group[place[-1]]
            else:
                group[place[-1]][key] = value
        except (LookupError, TypeError):
            continue
    return content


@given(MUTATIONS)
def test_a_mutated_study_is_valid_or_a_list_of_problems(mutations):
    content = mutated(copy.deepcopy(CONTENT), mutations)
    try:
        flaws = [] if check_study(content) else ["no study"]
    except ParamsError as error:
        flaws = [problem for problem in error.problems if not problem.path or not problem.reason]
        flaws += [] if error.problems else ["no problem"]
    assert flaws == []


@given(st.text(max_size=60) | st.text("[]{}:,-?&*!|>'\"%@ \n\tab1", max_size=60))
def test_any_text_is_a_study_or_a_list_of_problems(tmp_path: Path, text: str):
    file = tmp_path / "any.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ParamsError) as caught:
        read_study(file)
    assert caught.value.problems


# Questions.

PAIR = {"method": "adaptive", "against": "traditional"}


def test_a_single_question_needs_no_list(content: dict[str, Any], written, tmp_path: Path):
    content["report"] = {"compare": {**PAIR, "claims": {"params": 0.5}}}
    one = read_study(written(content))
    content["report"] = {"compare": [content["report"]["compare"]]}
    assert read_study(written(content)) == one
    [question] = one.report.compare
    assert question.pair == ("adaptive", "traditional")
    assert question.claimed == {"params": 0.5}
    file = tmp_path / "again.yaml"
    file.write_text(documented(one), encoding="utf-8")
    assert read_study(file) == one


def test_several_questions_written_out_read_back(content: dict[str, Any], written, tmp_path: Path):
    other = {"method": "iterative", "against": "traditional", "claims": {"time": 1}}
    content["report"] = {"compare": [PAIR, other]}
    study = read_study(written(content))
    file = tmp_path / "again.yaml"
    file.write_text(documented(study), encoding="utf-8")
    assert read_study(file) == study


@pytest.mark.parametrize("several", [False, True])
def test_a_question_is_about_methods_of_the_study(content: dict[str, Any], written, several: bool):
    wrong = {"method": "adaptiv", "against": "traditional"}
    content["report"] = {"compare": [PAIR, wrong] if several else wrong}
    found = problems(written(content))
    place = "report.compare.1.method" if several else "report.compare.method"
    assert set(found) == {place}
    for known in ("allowed: ", "traditional", "did you mean 'adaptive'?"):
        assert known in found[place]


def test_what_a_question_cannot_be(content: dict[str, Any], written):
    content["methods"]["adaptive"]["tasks"] = ["digits"]
    content["methods"]["traditional"]["tasks"] = ["diabetes"]
    content["report"] = {"compare": PAIR}
    assert set(problems(written(content))) == {"report.compare"}
    content["report"] = {"compare": {"method": "adaptive", "against": "adaptive", "for": 1}}
    assert set(problems(written(content))) == {"report.compare.for"}
    content["report"] = {"compare": {"method": "adaptive", "against": "adaptive"}}
    assert set(problems(written(content))) == {"report.compare"}
    turned = {"method": "traditional", "against": "adaptive"}
    for again in (PAIR, turned):
        content["report"] = {"compare": [PAIR, again]}
        assert "compared once" in problems(written(content))["report.compare"]


def test_what_the_page_says_of_implied_defaults_is_what_is_implied():
    loop = {"criterion": "magnitude", "schedule": "cubic", "stages": 2}
    for key, allocation in (
        ("min_width_ratio", "uniform"),
        ("score_norm", "global"),
        ("sensitivity_max_drop", "layer_sensitivity"),
        ("pruning_fraction", "uniform"),
    ):
        value = getattr(method_of(**loop, allocation=allocation), key)
        assert IMPLIED["OpenLoop", key].startswith(f"`{value}`")
    assert IMPLIED["SplitShares", "test"].startswith(f"`{SplitShares().test}`")


def test_an_old_file_is_read_as_it_was_meant(content: dict[str, Any]):
    content["points"] = content.pop("compressions")
    content["methods"]["like"] = {
        **{"criterion": "random", "allocation": "like:adaptive", "schedule": "one_shot"},
        **{"floor": 0.05, "normalise": "layer", "quota_drop": 0.02, "round_to": 1},
    }
    content["report"] = {"claims": {"params": 0.5}}
    found = written_out(content)
    assert found["compressions"] == [2, 4]
    assert found["methods"]["like"]["layer_ratios_from"] == "adaptive"
    assert found["report"]["compare"] == []
    # What is no study stays as it is.
    assert written_out({"name": "X y"}) == {"name": "X y"}


@pytest.mark.parametrize("given", [{}, {"retraining": {}}, {"retraining": {"lr": 0.1}}])
def test_a_training_without_epochs_is_told_once(content: dict[str, Any], given: dict[str, Any]):
    task = content["tasks"]["digits"]
    content["tasks"]["digits"] = {**task, "training": {"lr": 0.1}, **given}
    if not given:
        del content["tasks"]["digits"]["retraining"]
    with pytest.raises(ParamsError) as caught:
        check_study(content)
    assert [one.path for one in caught.value.problems] == ["tasks.digits.training.epochs"]
