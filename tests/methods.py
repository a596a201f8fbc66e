"""A method of any type, from what a parameters file says."""

from typing import Any

from pydantic import TypeAdapter

from prunestudy.pruning.settings import Method

_METHOD: TypeAdapter[Method] = TypeAdapter(Method)


def method_of(**content: Any) -> Method:
    """The method with this content."""
    return _METHOD.validate_python(content)
