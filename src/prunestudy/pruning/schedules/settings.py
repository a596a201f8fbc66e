"""The schedules by name, with the work that each comes from; no torch here."""

from typing import Annotated

from pydantic import AfterValidator, Field

from prunestudy.settings.base import unknown_name

SCHEDULES: dict[str, str] = {
    "one_shot": "",
    "linear": "",
    "geometric": "Frankle & Carbin 2019",
    "cubic": "Zhu & Gupta 2017",
}
# The schedule of a method that is no open loop.
CLOSED_LOOP = "closed_loop"


def _schedule(value: str) -> str:
    if value in SCHEDULES:
        return value
    raise unknown_name(value, (*SCHEDULES, CLOSED_LOOP))


Schedule = Annotated[
    str, AfterValidator(_schedule), Field(json_schema_extra={"enum": list(SCHEDULES)})
]
