// Packed weights as lists of tensors: what the operators that take them share.
#pragma once

#include <ATen/ATen.h>

#include "../engine/packed_weight.h"
#include "../kernels/int8_kernels.h"

namespace lxmert {

// A packed weight is {panels, shape, ...}: shape is (columns, depth), int64; the dtype of the panels tells the format.
// In 8 bits: {panels, shape, scales, sums of columns, which steps come more than once}.
enum class WeightFormat { kFloat32, kInt8 };

WeightFormat FormatOfPacked(at::TensorList packed);

// columns and depth.
struct WeightShape {
  int64_t columns, depth;
};

WeightShape ShapeOfPacked(at::TensorList packed);

// As the second tensor of a packed weight.
at::Tensor ShapeTensor(int64_t columns, int64_t depth);

// What the engine reads; the tensors must outlive it. Throws when the panels are not those of this processor's kernels.
PackedWeight PackedFrom(at::TensorList packed);

Int8Panels Int8PanelsFrom(at::TensorList packed);

}  // namespace lxmert
