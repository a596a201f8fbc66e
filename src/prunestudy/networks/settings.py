"""Settings of what is measured of a network."""

from typing import Annotated

from pydantic import Field

from prunestudy.settings.base import Few, Params

Repeats = Annotated[int, Field(ge=3, le=10_000)]


class Latency(Params):
    """How inference time is measured; every network interleaved with its dense one."""

    repeats: Repeats = Field(15, description="timed runs of each network and batch size")
    warmup: Few = Field(3, description="runs before timing starts")
