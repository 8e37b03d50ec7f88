"""Measures one piece of LXMERT's work with PyTorch and prints one JSON line.

    python compare.py --implementation reference --work finetune --batch-size 32 --json
    python compare.py --implementation huggingface --work infer --batch-size 1 \
        --precision bfloat16 --compile --json
    python compare.py --implementation matrix --precision bfloat16 --json

`reference` is a model built as the published code builds it; `huggingface` is transformers' model;
`matrix` is the device's rate of matrix products, to hold the others against. `sweep.py` runs the
whole table. What cannot be run here is not an error: its line says why under `skipped`.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from batches import NUM_BATCHES, detector_batches, mean_length, model_batches, pinned
from detector import DetectorLoad
from implementations import make_implementation
from matrix_rate import measure_matrix_rate
from precision import (
    PRECISIONS,
    casting,
    choose_float32_products,
    tensor_type,
)
from sizes import DETECTOR_SIZES, MODEL_SIZES
from steps import detection_step, inference_step, training_step
from timing import measure_steps

WORK = ("finetune", "pretrain", "infer", "detect")
TRAINING = ("finetune", "pretrain")
COMPILE_MODES = ("default", "reduce-overhead", "max-autotune")


def main() -> None:
    parser = argument_parser()
    arguments = parser.parse_args()
    if arguments.implementation != "matrix" and arguments.work is None:
        parser.error("--work is needed, except with --implementation matrix.")
    if arguments.cast == "weights" and arguments.work in TRAINING:
        parser.error("--cast weights is for infer and detect: training keeps float32 weights.")
    if min(arguments.batch_size, arguments.steps) < 1 or arguments.warmup < 0:
        parser.error("--batch-size and --steps begin at 1, --warmup at 0.")
    result = described(arguments) | outcome(arguments)
    if arguments.json:
        print(json.dumps(result, allow_nan=False))
    else:
        for name, value in result.items():
            print(f"{name}: {value}")


def argument_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--implementation", choices=("reference", "huggingface", "matrix"), required=True)
    add("--work", choices=WORK, help="needed, except for matrix")
    add("--batch-size", type=int, default=32, help="examples or images a step (32)")
    add(
        "--precision",
        choices=PRECISIONS,
        default="float32",
        help="bfloat16 and float16 are autocast unless --cast says otherwise (float32)",
    )
    add(
        "--cast",
        choices=("autocast", "weights"),
        default="autocast",
        help="for infer and detect in a half format: convert the weights once instead",
    )
    add("--compile", action="store_true", help="use torch.compile")
    add("--compile-mode", choices=COMPILE_MODES, default="default")
    add("--device", choices=("cuda", "cpu"), default="cuda")
    add("--size", choices=tuple(MODEL_SIZES), default="base")
    add("--steps", type=int, default=30, help="steps that are timed (30)")
    add("--warmup", type=int, default=10, help="steps before them (10)")
    add("--seed", type=int, default=9595)
    add("--json", action="store_true", help="print one line of JSON")
    return parser


def described(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was asked for, and what it is measured on."""
    about: dict[str, Any] = {
        "implementation": arguments.implementation,
        "precision": arguments.precision,
        "device": arguments.device,
        "deviceName": device_name(arguments.device),
        "torchVersion": torch.__version__,
    }
    if arguments.implementation == "matrix":
        return about
    about |= {
        "work": arguments.work,
        "batchSize": arguments.batch_size,
        "size": arguments.size,
        "compiled": arguments.compile,
    }
    if arguments.compile:
        about["compileMode"] = arguments.compile_mode
    if arguments.precision in ("bfloat16", "float16"):
        about["cast"] = arguments.cast
    if arguments.work == "detect":
        about["kind"] = "operations only"
    return about


def outcome(arguments: argparse.Namespace) -> dict[str, Any]:
    """The measured figures, or the reason why there are none."""
    reason = reason_to_skip(arguments)
    if reason is not None:
        return {"skipped": reason}
    device = torch.device(arguments.device)
    try:
        if arguments.implementation == "matrix":
            return measure_matrix_rate(
                arguments.precision, device, arguments.steps, arguments.warmup
            )
        return measured(arguments, device)
    except torch.cuda.OutOfMemoryError:
        return {"skipped": "The device's memory is too small for it."}


def reason_to_skip(arguments: argparse.Namespace) -> str | None:
    if arguments.device == "cuda" and not torch.cuda.is_available():
        return "PyTorch finds no GPU here."
    if arguments.precision == "tf32" and arguments.device == "cpu":
        return "TF32 is a format of GPUs."
    if arguments.implementation == "huggingface":
        if arguments.work == "detect":
            return "transformers has no detector that belongs to LXMERT."
        try:
            import transformers  # noqa: F401
        except ImportError:
            return "The package transformers is not installed."
    return None


def measured(arguments: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Builds the model and the batches, and times the steps."""
    torch.manual_seed(arguments.seed)
    choose_float32_products(arguments.precision)
    # The shapes never change, so the fastest convolutions can be looked for once.
    torch.backends.cudnn.benchmark = True
    mode = arguments.compile_mode if arguments.compile else None
    converts = arguments.cast == "weights"
    dtype = tensor_type(arguments.precision) if converts else torch.float32
    context = nullcontext() if converts else casting(arguments.precision, device)
    work, batch_size = arguments.work, arguments.batch_size
    if work == "detect":
        size = DETECTOR_SIZES[arguments.size]
        batches = detector_batches(size, batch_size, arguments.seed)
        module = DetectorLoad(size).to(device, dtype)
        step = detection_step(module, context, device, mode)
    else:
        model_size = MODEL_SIZES[arguments.size]
        batches = model_batches(work, model_size, batch_size, arguments.seed)
        implementation = make_implementation(arguments.implementation, work, model_size)
        module = implementation.module.to(device, dtype)
        if mode is not None:
            implementation.compile(mode)
        if work in TRAINING:
            step = training_step(implementation, work, arguments.precision, device)
        else:
            step = inference_step(implementation, context, device)
    if device.type == "cuda":
        batches = pinned(batches)
    measurement = measure_steps(step, batches, arguments.steps, arguments.warmup, device)
    loss = measurement.first_loss
    return {
        "parameters": sum(parameter.numel() for parameter in module.parameters()),
        "meanPieces": mean_length(batches),
        "differentBatches": NUM_BATCHES,
        "examplesPerSecond": batch_size / measurement.median_seconds,
        "secondsPerStep": measurement.median_seconds,
        "stepSeconds": measurement.step_seconds,
        "loss": loss if loss is not None and math.isfinite(loss) else None,
        "peakMemoryBytes": measurement.peak_memory_bytes,
    }


def device_name(device: str) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    description = Path("/proc/cpuinfo")
    if description.exists():
        for line in description.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
