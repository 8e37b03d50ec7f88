#!/usr/bin/env bash
# onnx 1.23.2, version_converter: a model with an enlarging Resize of opset 10, or a Hardmax of opset 11, computes something else after it.
#
# What:    what the two operators do when nothing is said has changed (Resize-11 samples at pixel centres, Resize-10 at corners; Hardmax-13
#          takes one axis, Hardmax-11 all axes from it on). The converter keeps the nodes as they are, so that they get
#          the new meaning; Upsample of opset 9 becomes a Resize and goes the same way. The file is valid, the shapes are the same.
# A guess: it is for this that a converter is there: it writes the old default out for RoiAlign (10 to 16), which changed in the same
#          way, and puts Flatten and Reshape round Softmax and LogSoftmax, which changed with Hardmax.
# Hurt:    detectors exported by older programs, whose feature pyramids enlarge maps by Resize or Upsample "linear": brought to a newer
#          opset for a tool that asks for one, they give boxes and features that are off by a quarter of a coarse map's pixel.
# Instead: set coordinate_transformation_mode="asymmetric" on such nodes, after converting; run old and new on one input.
#
# Seen, opset of the file to 13, computed by ONNX Runtime 1.32.0:
#   Upsample 9   [0 4] -> 0 2 4 4   after -> 0 1 3 4
#   Resize 10    [0 4] -> 0 2 4 4   after -> 0 1 3 4
#   Softmax 11   the same
#   Hardmax 11   [[1 2] [3 0]], axis 0 -> 0 0 1 0   after -> 0 1 1 0
#   RoiAlign 10 (to 17)  the same
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0

cat > "$folder/convert.py" <<'PY'
import sys
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper, version_converter


def compute(model, x):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return " ".join(f"{value:g}" for value in session.run(None, {"x": x})[0].round(3).ravel())


def both(operator, opset, target, x, constants=(), **attributes):
    x = np.array(x, np.float32)
    named = [numpy_helper.from_array(value, f"constant{i}") for i, value in enumerate(constants)]
    node = helper.make_node(operator, ["x"] + [tensor.name for tensor in named], ["y"], **attributes)
    shown = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("x", x.shape), ("y", None))]
    graph = helper.make_graph([node], "graph", shown[:1], shown[1:], initializer=named)
    old = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    new = version_converter.convert_version(old, target)
    checker.check_model(new, full_check=True)
    return compute(old, x), compute(new, x)


twice = [np.array([1, 1, 1, 2], np.float32)]
region = [np.array([[0.3, 0.7, 2.2, 2.9]], np.float32), np.array([0])]
seen = {
    "Upsample 9": both("Upsample", 9, 13, [[[[0, 4]]]], twice, mode="linear"),
    "Resize 10": both("Resize", 10, 13, [[[[0, 4]]]], twice, mode="linear"),
    "Softmax 11": both("Softmax", 11, 13, [[1, 2], [3, 0]], axis=0),
    "Hardmax 11": both("Hardmax", 11, 13, [[1, 2], [3, 0]], axis=0),
    "RoiAlign 10": both("RoiAlign", 11, 17, np.arange(16).reshape(1, 1, 4, 4), region, output_height=2, output_width=2),
}
for name, (before, after) in seen.items():
    print(f"{name}: {before}   after {after}")
expected = {"Upsample 9": ("0 2 4 4", "0 1 3 4"), "Resize 10": ("0 2 4 4", "0 1 3 4"), "Hardmax 11": ("0 0 1 0", "0 1 1 0")}
same = all(seen[name] == pair for name, pair in expected.items())
same = same and all(before == after for name, (before, after) in seen.items() if name not in expected)
sys.exit(0 if same else "CHANGED: expected the table in this script's header")
PY
"$folder/venv/bin/python" "$folder/convert.py"
