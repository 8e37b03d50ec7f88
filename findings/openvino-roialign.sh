#!/usr/bin/env bash
# OpenVINO 2026.4.1: RoiAlign makes NaN of a box without area, where onnxruntime, ONNX's reference and torchvision make 0.
#
# What:    with sampling_ratio 0 (as many samples as the box needs) and "half_pixel" coordinates, which are torchvision's default and
#          its aligned=True, a box of no width or no height has no samples, and OpenVINO divides by their number. Besides, a model
#          that leaves sampling_ratio out is read as 1, not as the 0 of the ONNX operation (known: openvino issue 37826).
# A guess: they agree on every box; they do on boxes with an area, to the last digits.
# Hurt:    boxes cut off at the picture's edge, and the zeros with which 20 boxes are filled up to 36. A mask does not help: attention
#          multiplies the masked row by 0, and 0 times NaN is NaN, so one such box makes NaN of every answer of the picture.
# Instead: drop or widen such boxes before, or take sampling_ratio 2; and write sampling_ratio into the model always.
#
# Seen, of one map, one value a box:
#   box           1 1 7 7   3 3 3 6   3 3 6 3   0 0 0 0   1 1 7 7 without sampling_ratio
#   onnxruntime   52.861    0.0       0.0       0.0       52.861
#   OpenVINO      52.861    nan       nan       nan       38.5
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1

cat > "$folder/boxes.py" <<'PY'
import sys
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper

given = {
    "map": (np.arange(64) ** 2 % 97).astype(np.float32).reshape(1, 1, 8, 8),
    "boxes": np.array([[1, 1, 7, 7], [3, 3, 3, 6], [3, 3, 6, 3], [0, 0, 0, 0]], np.float32),
    "pictures": np.zeros(4, np.int64),
}


def pooled(**ratio):
    inputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
        for name, value in given.items()
    ]
    node = helper.make_node("RoiAlign", [*given], ["y"], output_height=1, output_width=1, **ratio)
    graph = helper.make_graph([node], "boxes", inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 1, 1, 1])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10).SerializeToString()
    core = openvino.Core()
    # Float32 throughout: a processor that can would compute in bfloat16.
    compiled = core.compile_model(core.read_model(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    results = onnxruntime.InferenceSession(model).run(None, given)[0], compiled(given)[0]
    return [" ".join(str(round(float(value), 3)) for value in result.ravel()) for result in results]


written, absent = pooled(sampling_ratio=0), pooled()
for place, name in enumerate(("onnxruntime", "OpenVINO")):
    print(f"{name}: {written[place]}; sampling_ratio left out, first box: {absent[place].split()[0]}")
expected = ["52.861 0.0 0.0 0.0", "52.861 nan nan nan"], ["52.861", "38.5"]
seen = written, [values.split()[0] for values in absent]
sys.exit(0 if seen == expected else f"CHANGED: expected {expected}, seen {seen}")
PY
"$folder/venv/bin/python" "$folder/boxes.py"
