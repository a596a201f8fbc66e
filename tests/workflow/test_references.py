"""A study with references, from parameters to the report: of the catalogue and of own tables.

The tables are read by the networks for mixed tables and for texts, by parameters alone.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.workflow.conftest import STUDY, Checkout, new_checkout, ran

TEXT = """
name: smoke
seeds: [0, 1]
compressions: [2]
tasks:
  wdbc:
    data: {name: wdbc}
    network: {name: mlp, hidden: [16, 8]}
    loss: cross_entropy
    metric: accuracy
    reference: svc
    training: {epochs: 12, lr: 0.01}
    retraining: {epochs: 3}
  diabetes:
    data: {name: diabetes, split: {folds: 2}}
    network: {name: mlp, hidden: [8]}
    loss: mse
    metric: mae
    reference: ridge
    training: {epochs: 12, lr: 0.01}
    retraining: {epochs: 3}
  letters:
    data: {csv: letters.csv, target: topic, columns: {text: text, length: ignore, sender: ignore}}
    network: {name: textcnn, embedding: 8, channels: 8, kernels: [1, 2]}
    loss: cross_entropy
    metric: accuracy
    reference: tfidf_logistic
    training: {epochs: 12, lr: 0.01}
    retraining: {epochs: 3}
  senders:
    data: {csv: letters.csv, target: topic, columns: {text: ignore}}
    network: {name: mlp_mixed, hidden: [16, 8]}
    loss: cross_entropy
    metric: accuracy
    reference: hist_gradient_boosting
    training: {epochs: 12, lr: 0.01}
    retraining: {epochs: 3}
methods:
  traditional: {criterion: magnitude}
latency: {repeats: 3, warmup: 1}
report: {title: References}
"""
LABELS = {
    "wdbc": "support vector machine",
    "diabetes": "ridge regression",
    "letters": "logistic regression on TF–IDF",
    "senders": "gradient boosting",
}
WORDS = {
    "war": ["soldier", "cannon", "treaty", "general", "siege", "march"],
    "sea": ["harbour", "sail", "tide", "anchor", "captain", "reef"],
}
COMMON = ["the", "a", "of", "and", "was", "letter", "morning", "again"]


def letters(rows: int = 400) -> pd.DataFrame:
    """Texts whose words say their topic, and mixed columns of which the category says most."""
    random = np.random.default_rng(0)
    topics = random.choice(list(WORDS), rows)
    sender = {"war": ["Ney", "Soult", "Murat", "Davout"], "sea": ["Cook", "Byron", "Anson", None]}
    found = []
    for topic in topics:
        words = [*random.choice(WORDS[topic], 2), *random.choice(COMMON, 8)]
        length = float(random.normal(100 if topic == "war" else 140, 20))
        who = sender[topic][random.integers(4)]
        found.append(
            {
                "text": " ".join(random.permutation(words)),
                "length": length if random.random() > 0.1 else None,
                "sender": who if random.random() > 0.1 else "unnamed",
                "topic": topic,
            }
        )
    return pd.DataFrame(found)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which the study has run."""
    checkout = new_checkout(tmp_path_factory.mktemp("references"))
    letters().to_csv(checkout.folder / "letters.csv", index=False)
    checkout.params.write_text(TEXT, encoding="utf-8")
    checkout.call("prunestudy", "run", "--params", str(checkout.params))
    return checkout


def table(checkout: Checkout, name: str) -> pd.DataFrame:
    return pd.read_csv(checkout.folder / "reports" / STUDY / "tables" / f"{name}.csv")


pytestmark = pytest.mark.slow


def test_each_dense_network_is_held_against_its_reference_in_the_report(checkout: Checkout):
    compared = table(checkout, "reference_comparisons").set_index("task")
    assert set(compared.index) == set(LABELS)
    results = table(checkout, "results")
    dense = results[results["method"] == "dense"].groupby("task")["test"].mean()
    assert compared["dense"].to_dict() == pytest.approx(dense.to_dict())
    difference = compared["dense"] - compared["reference_test"]
    assert compared["estimate"].to_dict() == pytest.approx(difference.to_dict())
    assert (compared["n"] == 2).all()
    # One class alone has 0.63, the mean an error of about 0.85; what is in the tables says topics.
    assert compared.loc["wdbc", "reference_test"] > 0.92
    assert 0.4 < compared.loc["diabetes", "reference_test"] < 0.7
    assert compared.loc["letters", "reference_test"] > 0.97
    assert compared.loc["senders", "reference_test"] > 0.9
    told = (checkout.folder / "reports" / STUDY / "report.md").read_text(encoding="utf-8")
    for task, label in LABELS.items():
        [line] = [one for one in told.splitlines() if one.startswith(f"| {task} | {label} |")]
        assert f"{compared.loc[task, 'reference_test']:.3f}" in line
    page = (checkout.folder / "reports" / STUDY / "index.html").read_text(encoding="utf-8")
    assert all(label in page for label in LABELS.values())


def test_networks_of_words_and_of_mixed_columns_learn_a_table_of_ones_own(checkout: Checkout):
    results = table(checkout, "results").set_index(["task", "method"])
    for task, least in (("letters", 0.95), ("senders", 0.85)):
        assert results.loc[(task, "dense"), "test"].min() > least
        pruned, whole = results.loc[(task, "traditional")], results.loc[(task, "dense")]
        assert (pruned["params"].to_numpy() <= whole["params"].to_numpy() / 2).all()
        assert pruned["test"].min() > least - 0.1


def test_another_reference_reruns_neither_networks_nor_the_other_references(
    checkout: Checkout, tmp_path: Path
):
    checkout = checkout.copy(tmp_path / "copy")
    params = str(checkout.params)
    assert "nothing to do" in checkout.call("prunestudy", "status", "--params", params)
    before = checkout.sidecars()
    checkout.edit(f"studies/{STUDY}.yaml", "reference: svc", "reference: logistic")
    checkout.call("prunestudy", "run", "--params", params)
    assert ran(before, checkout.sidecars()) == {"reference/wdbc", "collect", "report", "publish"}
    compared = table(checkout, "reference_comparisons").set_index("task")
    assert compared.loc["wdbc", "reference"] == "logistic"
