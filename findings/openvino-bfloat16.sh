#!/usr/bin/env bash
# openvino 2026.4.1: on processors with AVX512_BF16 or AMX a float32 model is computed in bfloat16, without being asked.
#
# What:    A float32 model of one product, float32 in and out, compiled for CPU without any hint, multiplies in bfloat16. The
#          result's type is float32 all the same. On processors without those instructions the same lines give float32.
# A guess: a float32 model gives float32 results, as in ONNX Runtime and PyTorch; less is asked for (EXECUTION_MODE_HINT,
#          INFERENCE_PRECISION_HINT exist to ask).
# Hurt:    numbers that agree on a laptop and not on a server; comparisons of speed that set bfloat16 against float32: full-size
#          LXMERT is twice as fast by it.
# Instead: INFERENCE_PRECISION_HINT=f32, or EXECUTION_MODE_HINT=ACCURACY.
#
# Seen: no hint                          bf16      largest error 3e-03 of the largest value
#       INFERENCE_PRECISION_HINT=f32     f32       largest error 1e-06 of the largest value
#       EXECUTION_MODE_HINT=ACCURACY     dynamic   largest error 1e-06 of the largest value
set -euo pipefail
grep -qwE 'avx512_bf16|amx_bf16' /proc/cpuinfo || { echo 'This processor has neither AVX512_BF16 nor AMX: it cannot show it.'; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install numpy==2.4.6 openvino==2026.4.1

cat > "$folder/product.py" <<'PY'
import sys

import numpy as np
import openvino
from openvino import opset15

random = np.random.default_rng(0)
weight = random.standard_normal((768, 768), dtype=np.float32)
x = random.standard_normal((36, 768), dtype=np.float32)
right = x.astype(np.float64) @ weight.astype(np.float64)
given = opset15.parameter([36, 768], np.float32)
model = openvino.Model([opset15.matmul(given, opset15.constant(weight), False, False)], [given])


def differs(name, hints, kind, low, high):
    compiled = openvino.Core().compile_model(model, "CPU", hints)
    found = compiled(x)[0]
    error = np.abs(found - right).max() / np.abs(right).max()
    hint = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    print(f"{name:32} {hint:9} largest error {error:.0e} of the largest value")
    holds = found.dtype == np.float32 and hint == kind and low < error < high
    if not holds:
        print(f"CHANGED: expected {kind} and an error between {low} and {high}")
    return not holds


changes = [
    differs("no hint", {}, "bf16", 5e-4, 2e-2),
    differs("INFERENCE_PRECISION_HINT=f32", {"INFERENCE_PRECISION_HINT": "f32"}, "f32", 0, 1e-5),
    differs("EXECUTION_MODE_HINT=ACCURACY", {"EXECUTION_MODE_HINT": "ACCURACY"}, "dynamic", 0, 1e-5),
]
sys.exit(any(changes))
PY
"$folder/venv/bin/python" "$folder/product.py"
