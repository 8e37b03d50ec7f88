"""Timing steps and counting the memory they take."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from batches import Batch


@dataclass(frozen=True)
class Measurement:
    step_seconds: list[float]
    first_loss: float | None
    peak_memory_bytes: int

    @property
    def median_seconds(self) -> float:
        return statistics.median(self.step_seconds)


def measure_steps(
    step: Callable[[Batch], Tensor | None],
    batches: Sequence[Batch],
    steps: int,
    warm_up: int,
    device: torch.device,
) -> Measurement:
    """Times `steps` steps after `warm_up` that are not counted, each with the next of the batches.

    The loss is that of the very first step, warm-up included: before anything was learned.
    """
    first_loss: Tensor | None = None

    def run(number: int) -> None:
        nonlocal first_loss
        loss = step(batches[number % len(batches)])
        if number == 0 and loss is not None:
            # A copy: a compiled step may write its next loss to the same place.
            first_loss = loss.clone()

    for number in range(warm_up):
        run(number)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    seconds = durations(lambda i: run(warm_up + i), steps, device)
    return Measurement(
        step_seconds=seconds,
        first_loss=None if first_loss is None else float(first_loss),
        peak_memory_bytes=peak_memory(device),
    )


def durations(work: Callable[[int], None], count: int, device: torch.device) -> list[float]:
    """Seconds of each of `count` calls.

    On a GPU an event is recorded between calls and all are read at the end: waiting after each
    call would keep the host from preparing the next one, which training does. Time in which the
    GPU waits for the host is counted.
    """
    if device.type != "cuda":
        times = [time.perf_counter()]
        for i in range(count):
            work(i)
            times.append(time.perf_counter())
        return [end - start for start, end in pairwise(times)]
    events = [torch.cuda.Event(enable_timing=True) for _ in range(count + 1)]
    torch.cuda.synchronize(device)
    events[0].record()
    for i in range(count):
        work(i)
        events[i + 1].record()
    torch.cuda.synchronize(device)
    return [start.elapsed_time(end) / 1000 for start, end in pairwise(events)]


def peak_memory(device: torch.device) -> int:
    """Most bytes of tensors on a GPU at once; on a CPU the largest resident size of the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024
