#!/usr/bin/env bash
# NumPy 2.4.6 with ml_dtypes 0.6.0: the mean of bfloat16 ones is not 1, it is 0.0035 for features of shape (36, 2048).
#
# What:    `sum`, `mean` and `std` of a bfloat16 array add in bfloat16, one after the other. With 8 significant bits a running
#          sum stops at 256 (256 + 1 rounds to 256), so every longer sum of ones is 256, and the mean is 256 / count.
# A guess: `mean` of float16 gives 1: NumPy computes float16 means in float32. That rule names float16 alone; types from
#          outside NumPy, such as ml_dtypes' (the bfloat16 of ONNX, JAX and TensorFlow arrays), do not get it. A matrix
#          product of the same bfloat16 values is right, which makes the type look sound.
# Hurt:    whoever stores region features or weights as bfloat16 and checks or normalises them by mean and deviation.
# Instead: `x.mean(dtype=np.float32)` (likewise sum and std), or `x.astype(np.float32)` first.
#
# Seen: bfloat16 mean of all 0.003479, of a row of 2048 0.125; with dtype=float32 1.0; product of a row with ones 2048
#       float16  mean of all 1.0,      of a row of 2048 1.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install --no-deps numpy==2.4.6 ml_dtypes==0.6.0

cat > "$folder/mean.py" <<'PY'
import sys
import numpy as np
from ml_dtypes import bfloat16

ones = np.ones((36, 2048), bfloat16)
half = ones.astype(np.float16)
seen = [ones.mean(), ones.mean(axis=1)[0], ones.mean(dtype=np.float32), ones[0] @ ones[0], half.mean(), half.mean(axis=1)[0]]
seen = [round(float(value), 6) for value in seen]
print("bfloat16: mean of all %s, of a row %s, in float32 %s, product of a row with ones %s" % tuple(seen[:4]))
print("float16:  mean of all %s, of a row %s" % tuple(seen[4:]))
expected = [0.003479, 0.125, 1.0, 2048.0, 1.0, 1.0]
sys.exit(0 if seen == expected else f"CHANGED: expected {expected}, seen {seen}")
PY
"$folder/venv/bin/python" "$folder/mean.py"
