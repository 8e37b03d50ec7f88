/** @file Tensors anywhere in plain objects and arrays: a batch, for instance. */

import { Tensor } from './tensor.js';

/** Every tensor, in the order of the objects' keys. */
export function tensorsOf(value: unknown): Tensor[] {
  const found: Tensor[] = [];
  visit(value, (tensor) => found.push(tensor));
  return found;
}

function visit(value: unknown, onTensor: (tensor: Tensor) => void): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  if (value instanceof Tensor) onTensor(value);
  else for (const element of Array.isArray(value) ? value : Object.values(value)) visit(element, onTensor);
}

/** The same with other tensors in the places of its own; numbers and lists of numbers are shared. */
export function withTensors<T>(value: T, replace: (tensor: Tensor) => Tensor): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (value instanceof Tensor) return replace(value) as T;
  if (Array.isArray(value)) {
    return typeof value[0] === 'object'
      ? (value.map((element) => withTensors(element, replace)) as T)
      : value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, element]) => [key, withTensors(element, replace)]),
  ) as T;
}

/** Ends every tensor in it. */
export function disposeTensors(value: unknown): void {
  for (const tensor of tensorsOf(value)) tensor.dispose();
}

/** What two batches must have alike for the same kernels to do both: shapes, formats, and numbers that are not data. */
export function shapeKey(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (value instanceof Tensor) return `${value.dtype}(${value.shape.join()})`;
  if (typeof value !== 'object') return String(value);
  // Lists of numbers say how rows came about; kernels read tensors.
  if (ArrayBuffer.isView(value) || (Array.isArray(value) && typeof value[0] !== 'object')) return '#';
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return `{${entries.map(([key, element]) => `${key}:${shapeKey(element)}`).join()}}`;
}
