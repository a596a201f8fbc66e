"""A closed loop whose finished networks diverge learns nothing from them and goes on."""

from prunestudy.pruning.controller.settings import Requirements
from tests.pruning.controller.test_closed_loop import (
    Landscape,
    Sketch,
    final_of,
    sketched,
    stages,
    walk,
)


class Diverging(Landscape):
    """Finishing a network of half of the parameters or fewer gives no quality at all."""

    def quality(self, network: Sketch, dense: int) -> float:
        """Stages lose a little, finished networks are as good as the dense one."""
        finished = network.clock == 200
        if finished and network.params <= dense // 2:
            return float("nan")
        return 0.9 if finished or network.params == dense else 0.895


def test_a_diverged_finish_spoils_no_later_stage():
    sketch = sketched(Diverging(0), stages=40)
    record = walk(sketch, [2, 8], Requirements(max_drop=0.01))
    below = [row for row in record.decisions if row["verdict"] == "below budget"]
    assert below
    first = record.decisions.index(below[0])
    later = [row["verdict"] for row in record.decisions[first:]]
    assert "rolled back" not in later
    assert {verdict for verdict, _size in stages(record)} == {"accepted"}
    assert final_of(record).state.params > 500
