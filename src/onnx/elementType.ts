/** @file The number types of ONNX tensors that this project writes. */

import { TensorProto_DataType } from './schema/onnx_pb.js';

/** By the names that this project uses elsewhere. */
export type ElementType = 'float32' | 'float16' | 'int8' | 'uint8' | 'int32' | 'int64' | 'bool';

const DATA_TYPES: Record<ElementType, { readonly code: TensorProto_DataType; readonly numBytes: number }> = {
  float32: { code: TensorProto_DataType.FLOAT, numBytes: 4 },
  float16: { code: TensorProto_DataType.FLOAT16, numBytes: 2 },
  int8: { code: TensorProto_DataType.INT8, numBytes: 1 },
  uint8: { code: TensorProto_DataType.UINT8, numBytes: 1 },
  int32: { code: TensorProto_DataType.INT32, numBytes: 4 },
  int64: { code: TensorProto_DataType.INT64, numBytes: 8 },
  bool: { code: TensorProto_DataType.BOOL, numBytes: 1 },
};

/** The number by which ONNX knows the type (TensorProto.DataType). */
export function dataTypeOf(type: ElementType): TensorProto_DataType {
  return DATA_TYPES[type].code;
}

/** Bytes of one element. */
export function elementBytes(type: ElementType): number {
  return DATA_TYPES[type].numBytes;
}
