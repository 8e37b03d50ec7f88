#!/usr/bin/env bash
# openvino 2026.4.1: QuantizeLinear with a scale for each row works with a fixed number of rows and fails with any number.
#
# What:    A valid graph of one node, QuantizeLinear(x (rows, 4), scale (rows), zero (rows), axis 0), compiles either way. With
#          `rows` fixed to 3 it gives the right numbers. With `rows` dynamic the first inference fails inside a FakeQuantize that
#          the user never wrote: the scales (rows) meet the columns (4) there ("Argument shapes are inconsistent").
# A guess: what is right with 3 rows is right with a dynamic dimension that is 3; onnxruntime 1.32.0 agrees with itself.
# Hurt:    whoever rounds activations row by row, which is more exact than one scale for a tensor and does not let one example of a
#          batch change another's result.
# Instead: DynamicQuantizeLinear (one scale for a tensor), or Div, Round, Cast with the scale as (rows, 1).
#
# Seen: onnxruntime 3 rows     [[0, 1, 2, 3], [2, 2, 3, 4], [2, 2, 2, 3]]
#       onnxruntime any rows   [[0, 1, 2, 3], [2, 2, 3, 4], [2, 2, 2, 3]]
#       openvino    3 rows     [[0, 1, 2, 3], [2, 2, 3, 4], [2, 2, 2, 3]]
#       openvino    any rows   fails: Argument shapes are inconsistent
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1

cat > "$folder/rows.py" <<'PY'
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper

x = np.arange(12, dtype=np.float32).reshape(3, 4)
given = {"x": x, "scale": np.array([1, 2, 4], np.float32), "zero": np.zeros(3, np.uint8)}
right = "[[0, 1, 2, 3], [2, 2, 3, 4], [2, 2, 2, 3]]"


def graph(rows):
    info = helper.make_tensor_value_info
    inputs = [
        info("x", TensorProto.FLOAT, [rows, 4]),
        info("scale", TensorProto.FLOAT, [rows]),
        info("zero", TensorProto.UINT8, [rows]),
    ]
    node = helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["y"], axis=0)
    made = helper.make_graph([node], "rows", inputs, [info("y", TensorProto.UINT8, [rows, 4])])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def with_onnxruntime(model):
    return str(onnxruntime.InferenceSession(model).run(None, given)[0].tolist())


def with_openvino(model):
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model), "CPU")
    try:
        return str(compiled(given)[0].tolist())
    except RuntimeError as error:
        known = "Argument shapes are inconsistent"
        return f"fails: {known}" if known in str(error) else str(error)


seen = {}
for name, run in {"onnxruntime": with_onnxruntime, "openvino": with_openvino}.items():
    for label, rows in {"3 rows": 3, "any rows": "rows"}.items():
        seen[name, label] = run(graph(rows))
        print(f"{name:11} {label:8} {seen[name, label]}")
failed = seen.pop(("openvino", "any rows"))
if set(seen.values()) != {right} or not failed.startswith("fails: Argument"):
    raise SystemExit("CHANGED: see the head of this script for what was seen")
PY
"$folder/venv/bin/python" "$folder/rows.py"
