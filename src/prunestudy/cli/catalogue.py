"""What ``prunestudy data list`` prints: the data sets of the catalogue, in 80 columns."""

from prunestudy.data.dataset import Dataset, find_dataset
from prunestudy.data.settings import DATASETS, ROWS
from prunestudy.data.sources import Bundled, LocalFile, Npm, PyPI, Source, is_here

WIDTHS = "{:13}  {:13}  {:>6}  {:14}  {:10}  {}"
KINDS = {"value": "a value", "class": "{} classes", "labels": "{} labels"}


def listing() -> str:
    """A table of every data set, with its licence and where its files are in a second line."""
    lines = [WIDTHS.format("name", "for", "rows", "inputs", "target", "here")]
    lines.append(" " * 15 + "licence; where it comes from")
    for name in DATASETS:
        dataset = find_dataset(name)
        here, place = _availability(dataset)
        rows = f"{ROWS[name][0]:,}" if name in ROWS else "?"
        target = KINDS[dataset.target].format(len(dataset.classes))
        told = (name, dataset.scenario, rows, _inputs(dataset), target, here)
        lines += [WIDTHS.format(*told).rstrip(), f"{'':13}  {dataset.licence}; {place}"]
    return "\n".join(lines)


def _inputs(dataset: Dataset) -> str:
    if dataset.inputs == "text":
        return "text"
    if dataset.inputs == "images":
        return "×".join(map(str, dataset.input_shape)) + " pixels"
    if dataset.widths is None:
        return f"{dataset.size} numbers"
    # What says where a number is missing is no column of its own.
    return f"{len(dataset.widths.categories)} categorical, …"


def _availability(dataset: Dataset) -> tuple[str, str]:
    """Whether all of its files are on this machine, and from where, or what gives them."""
    found = [next(filter(is_here, one.sources), None) for one in dataset.members]
    first = found[0]
    if first is not None and None not in found:
        return "yes", _short(first)
    return "no", _short(dataset.members[0].sources[-1])


def _short(source: Source) -> str:
    match source:
        case PyPI(package, version, _member):
            return f"PyPI {package}=={version}"
        case Npm(package, version):
            return f"npm {package}"
        case LocalFile(_path, hint):
            return hint
        case Bundled(package, _file):
            return f"bundled with {package.partition('.')[0]}"
    return str(source).partition("/")[0]
