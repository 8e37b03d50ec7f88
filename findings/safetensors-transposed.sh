#!/usr/bin/env bash
# safetensors 0.8.0, safetensors.numpy: a transposed array is saved with its values in the wrong places.
#
# What:    `save_file({'w': w.T})` writes the memory of `w` under the shape of `w.T`. No error; shape and type look right.
# A guess: 0.7.0 writes the same call correctly, and safetensors.torch refuses such a tensor ("non contiguous"), so
#          one expects right values or an error.
# Hurt:    whoever converts weights with NumPy. TensorFlow's BERT keeps Linear kernels as (in, out), PyTorch as (out, in),
#          so the converter is full of `.T`; a square 768 x 768 matrix shows nothing until the answers are poor.
# Instead: `np.ascontiguousarray(w.T)` before saving, and read one matrix back.
#
# Seen: 0.7.0 reads back [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
#       0.8.0 reads back [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip=("$folder/venv/bin/pip" --quiet --disable-pip-version-check install --no-deps)
"${pip[@]}" numpy==2.4.6

cat > "$folder/transposed.py" <<'PY'
import numpy as np
from safetensors.numpy import load, save

weight = np.arange(6, dtype=np.float32).reshape(2, 3)
read = load(save({"as is": weight.T, "copied": np.ascontiguousarray(weight.T)}))
assert np.array_equal(read["copied"], weight.T)
print(read["as is"].tolist())
PY

status=0
check() { # version, expected
  "${pip[@]}" "safetensors==$1"
  seen=$("$folder/venv/bin/python" "$folder/transposed.py")
  echo "safetensors $1, [[0, 1, 2], [3, 4, 5]].T reads back as $seen"
  [ "$seen" = "$2" ] || { echo "CHANGED: expected $2"; status=1; }
}
check 0.7.0 '[[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]'
check 0.8.0 '[[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]'
exit $status
