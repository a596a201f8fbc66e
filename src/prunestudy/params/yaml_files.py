"""Plain values from YAML files: whatever a file holds, problems in words, with line and column."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from prunestudy.errors import ParamsError, Problem
from prunestudy.store.guarded import FILE, Unreadable, kind, read_bytes

# The default study has some hundred values in 3 kB; a file of this size takes two seconds to read.
MOST_BYTES = 2**18
MOST_VALUES = 100_000
# No number or text of a study is longer; converting numbers of many digits takes quadratic time.
LONGEST_NUMBER = 100
LONGEST_TEXT = 4_000
CORE = "tag:yaml.org,2002:"
NUMBERS = (f"{CORE}int", f"{CORE}float")
# What JSON knows. Dates are texts, as in YAML 1.2.
TAGS = (*NUMBERS, *(f"{CORE}{name}" for name in ("str", "bool", "null", "seq", "map", "timestamp")))
SHOWN = 60


def read_yaml(file: Path) -> Any:
    """The plain content of a YAML file (version 1.2, duplicate keys refused).

    Raises:
        ParamsError: it is missing, not YAML, too large, or has what a study never has.
    """
    text = _text(file)
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = _Plain
    try:
        return reader.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "file"
        told = (error.problem or "is not valid YAML").split("\n")[0]
        raise ParamsError(str(file), [Problem(place, _short(told, 200))]) from None
    except (YAMLError, ValueError, RecursionError) as error:
        told = str(error).splitlines()[0] if str(error) else repr(error)
        reason = f"is not valid YAML ({_short(told, 200)})"
        raise ParamsError(str(file), [Problem("file", reason)]) from None


def _text(file: Path) -> str:
    try:
        return read_bytes(file, MOST_BYTES, links=True).decode("utf-8")
    except Unreadable as error:
        reason, known, found = error.reason, "", kind(file, links=True)
        if kind(file) is None:
            reason = "there is no such file"
            known = ", ".join(
                sorted(str(path) for path in Path("studies").glob("*.yaml") if path.stem != "dvc")
            )
        elif found is None:
            reason = "is a link to nothing"
        elif found != FILE:
            reason = f"is {found}; parameters are read more than once, from a regular file"
        raise ParamsError(str(file), [Problem("file", reason, known)]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ParamsError(str(file), [Problem("file", f"cannot be read ({error})")]) from None


class _Plain(SafeConstructor):
    """Makes plain values alone, each of a size that a study may have."""

    def construct_document(self, node: Node) -> Any:
        """What a file holds, once it is known to end."""
        if _expanded(node, {}) > MOST_VALUES:
            reason = f"expands to more than {MOST_VALUES:,} values by its aliases"
            raise _refused(node, f"{reason}; no study needs as many")
        return super().construct_document(node)

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        """The value of a node; whatever is wrong with it is told with its place."""
        if isinstance(node, ScalarNode):
            _check_length(node)
        if node.tag not in TAGS:
            name = _short(str(node.tag).replace(CORE, "!!"), SHOWN)
            raise _refused(node, f"{name} is no tag of plain values; leave it out")
        try:
            return super().construct_object(node, deep)
        except (MarkedYAMLError, RecursionError):
            raise
        except Exception:
            kind = str(node.tag).replace(CORE, "!!")
            value = _short(repr(node.value), SHOWN) if isinstance(node, ScalarNode) else "this"
            raise _refused(node, f"{value} is no value of type {kind}") from None

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> Any:
        """The mapping of a node, whose keys are not lists of mappings either."""
        try:
            return super().construct_mapping(node, deep)
        except TypeError as error:
            raise _refused(node, f"a key is neither text nor number ({error})") from None


# YAML 1.2 has no dates, so that 2026-01-01 is a text.
_Plain.add_constructor(f"{CORE}timestamp", SafeConstructor.construct_yaml_str)


def _check_length(node: ScalarNode) -> None:
    length = len(node.value)
    if node.tag in NUMBERS and length > LONGEST_NUMBER:
        reason = f"a number of {length:,} characters; at most {LONGEST_NUMBER} are read"
        raise _refused(node, reason)
    if length > LONGEST_TEXT:
        raise _refused(node, f"a text of {length:,} characters; at most {LONGEST_TEXT:,} are read")


def _refused(node: Node, reason: str) -> ConstructorError:
    return ConstructorError(None, None, reason, node.start_mark)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _expanded(node: Node, known: dict[Node, int | None]) -> int:
    """Number of values with every alias written out: a few lines can stand for billions.

    Raises:
        ConstructorError: one contains itself, so that there is no end.
    """
    if isinstance(node, ScalarNode):
        return 1
    if node not in known:
        known[node] = None
        parts = node.value
        if isinstance(node, MappingNode):
            parts = [one for pair in parts for one in pair]
        known[node] = 1 + sum(_expanded(part, known) for part in parts)
    size = known[node]
    if size is None:
        name = _short(f"*{node.anchor}", SHOWN)
        raise _refused(node, f"contains itself ({name}); write out what the alias stands for")
    return size
