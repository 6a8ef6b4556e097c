"""Pipelines that are built and do not run."""

import functools
from collections.abc import Callable
from typing import Any

import apache_beam as beam

from affectflow import runners

Build = Callable[[beam.Pipeline], Any]


@functools.cache
def built(build: Build) -> beam.Pipeline:
    pipeline = beam.Pipeline(runner=runners._local_runner(runners.options()))
    build(pipeline)
    return pipeline
