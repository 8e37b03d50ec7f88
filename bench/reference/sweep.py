"""Runs the whole table of `compare.py`, each row in a process of its own.

    python sweep.py --device cuda --json-lines comparison.jsonl

A process of its own gives every row fresh memory and keeps one failure from ending the others: a
row that fails or takes too long has its reason in its line under `skipped`. Lines are appended as
they come, so that a broken-off run keeps what it has.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

SCRIPT = Path(__file__).with_name("compare.py")
PRECISIONS = ("float32", "tf32", "bfloat16", "float16")
WORK = (
    ("finetune", 32),
    ("finetune", 256),
    ("pretrain", 256),
    ("infer", 1),
    ("infer", 1024),
    ("detect", 1),
    ("detect", 8),
)


KINDS = ("matrix", *dict(WORK))


class Variant(NamedTuple):
    """One way to do a piece of work."""

    implementation: str
    precision: str
    options: tuple[str, ...] = ()


REFERENCE = (Variant("reference", "float32"), Variant("reference", "bfloat16"))
HUGGING_FACE = (
    Variant("huggingface", "bfloat16"),
    Variant("huggingface", "bfloat16", ("--compile",)),
)
CONVERTED = (
    Variant("huggingface", "bfloat16", ("--cast", "weights")),
    Variant(
        "huggingface",
        "bfloat16",
        ("--cast", "weights", "--compile", "--compile-mode", "reduce-overhead"),
    ),
)
"""For inference: autocast rounds the weights anew in every step, which nobody has to accept."""


def main() -> None:
    arguments = argument_parser().parse_args()
    # Leaving through an exception, so that the row under way is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    rows = list(table(arguments.work))
    with arguments.json_lines.open("a", encoding="utf-8") as lines:
        for number, row in enumerate(rows, start=1):
            options = [
                *row,
                *("--device", arguments.device, "--size", arguments.size),
                *("--steps", str(arguments.steps), "--warmup", str(arguments.warmup)),
            ]
            result = run(options, arguments.timeout)
            lines.write(json.dumps(result) + "\n")
            lines.flush()
            print(f"{number}/{len(rows)} {' '.join(row)}: {summary(result)}", flush=True)


def argument_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--device", choices=("cuda", "cpu"), default="cuda")
    add("--json-lines", type=Path, required=True, help="file that lines are added to")
    add("--work", nargs="+", choices=KINDS, default=KINDS, help="only these rows (all)")
    add("--size", choices=("base", "tiny"), default="base")
    add("--steps", type=int, default=30, help="timed steps of each row (30)")
    add("--warmup", type=int, default=10, help="steps before them (10)")
    add("--timeout", type=float, default=600, help="seconds that a row may take (600)")
    return parser


def table(kinds: Collection[str]) -> Iterator[list[str]]:
    """The options of each row. The device's limits come first."""
    if "matrix" in kinds:
        for precision in PRECISIONS:
            yield ["--implementation", "matrix", "--precision", precision]
    for work, batch_size in WORK:
        if work not in kinds:
            continue
        for variant in variants(work):
            yield [
                *("--implementation", variant.implementation, "--work", work),
                *("--batch-size", str(batch_size), "--precision", variant.precision),
                *variant.options,
            ]


def variants(work: str) -> tuple[Variant, ...]:
    if work == "detect":
        return REFERENCE
    if work == "infer":
        return REFERENCE + HUGGING_FACE + CONVERTED
    return REFERENCE + HUGGING_FACE


def run(options: list[str], timeout: float) -> dict[str, Any]:
    """The line that `compare.py` prints, or one that says why there is none.

    Compiled code goes to a folder of the row's own: a row that is ended while it compiles leaves
    broken files, which the next one would load.
    """
    with TemporaryDirectory(prefix="lxmert-compare-") as cache:
        return run_with_cache(options, timeout, cache)


def run_with_cache(options: list[str], timeout: float, cache: str) -> dict[str, Any]:
    """`run` with compiled code below `cache`."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), *options, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TORCHINDUCTOR_CACHE_DIR": cache, "TRITON_CACHE_DIR": f"{cache}/triton"},
        # A session of its own, so that a compiler's helpers can be ended with it.
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return asked(options) | {"skipped": f"It took more than {timeout:g} seconds."}
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    lines = output.strip().splitlines()
    if process.returncode == 0 and lines:
        return json.loads(lines[-1])
    last = next((line for line in reversed(errors.splitlines()) if line.strip()), "")
    reason = f"It ended with {process.returncode}: {last.strip() or 'no message'}"
    return asked(options) | {"skipped": reason}


def asked(options: list[str]) -> dict[str, Any]:
    """A failed row's options, by the names that its line would have had."""
    names = {
        "--implementation": "implementation",
        "--work": "work",
        "--precision": "precision",
        "--device": "device",
        "--size": "size",
        "--cast": "cast",
        "--compile-mode": "compileMode",
    }
    pairs = dict(pairwise(options))
    about: dict[str, Any] = {
        name: pairs[option] for option, name in names.items() if option in pairs
    }
    if "--batch-size" in pairs:
        about |= {
            "batchSize": int(pairs["--batch-size"]),
            "compiled": "--compile" in options,
        }
    return about


def summary(result: dict[str, Any]) -> str:
    if "skipped" in result:
        return f"skipped. {result['skipped']}"
    if "matrixTeraflops" in result:
        return f"{result['matrixTeraflops']:.3g} TFLOP/s"
    return (
        f"{result['examplesPerSecond']:.1f} examples/s, "
        f"{1000 * result['secondsPerStep']:.1f} ms a step, "
        f"{result['peakMemoryBytes'] / 1e9:.2f} GB"
    )


if __name__ == "__main__":
    main()
