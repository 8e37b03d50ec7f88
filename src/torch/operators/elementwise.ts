/** @file Arithmetic and comparisons element by element. `other` may be a number. */

import type { Tensor } from '../tensor.js';
import { operator } from './operator.js';

export type Unary = (self: Tensor) => Tensor;
export type WithTensor = (self: Tensor, other: Tensor) => Tensor;
export type WithNumber = (self: Tensor, other: number) => Tensor;
export type Binary = (self: Tensor, other: Tensor | number) => Tensor;

/** One function over an operator's two overloads, chosen by what the second argument is. */
function binary(name: string, tensorOverload = 'Tensor', scalarOverload = 'Scalar'): Binary {
  const withTensor = operator<WithTensor>(`${name}.${tensorOverload}`);
  const withNumber = operator<WithNumber>(`${name}.${scalarOverload}`);
  return (self, other) => (typeof other === 'number' ? withNumber(self, other) : withTensor(self, other));
}

const addTensor = operator<(self: Tensor, other: Tensor, alpha?: number) => Tensor>('aten::add.Tensor');
const addScalar = operator<(self: Tensor, other: number, alpha?: number) => Tensor>('aten::add.Scalar');
const subTensor = operator<(self: Tensor, other: Tensor, alpha?: number) => Tensor>('aten::sub.Tensor');
const subScalar = operator<(self: Tensor, other: number, alpha?: number) => Tensor>('aten::sub.Scalar');
const addTensor_ = operator<(self: Tensor, other: Tensor, alpha?: number) => Tensor>('aten::add_.Tensor');
const addScalar_ = operator<(self: Tensor, other: number, alpha?: number) => Tensor>('aten::add_.Scalar');

/** self + alpha * other */
export const add = (self: Tensor, other: Tensor | number, alpha?: number): Tensor =>
  typeof other === 'number' ? addScalar(self, other, alpha) : addTensor(self, other, alpha);
/** self - alpha * other */
export const sub = (self: Tensor, other: Tensor | number, alpha?: number): Tensor =>
  typeof other === 'number' ? subScalar(self, other, alpha) : subTensor(self, other, alpha);
export const mul = binary('aten::mul');
export const div = binary('aten::div');
export const pow = binary('aten::pow', 'Tensor_Tensor', 'Tensor_Scalar');
export const maximum = operator<WithTensor>('aten::maximum');
export const minimum = operator<WithTensor>('aten::minimum');

export const eq = binary('aten::eq');
export const ne = binary('aten::ne');
export const lt = binary('aten::lt');
export const le = binary('aten::le');
export const gt = binary('aten::gt');
export const ge = binary('aten::ge');

export const neg = operator<Unary>('aten::neg');
export const abs = operator<Unary>('aten::abs');
export const sqrt = operator<Unary>('aten::sqrt');
export const rsqrt = operator<Unary>('aten::rsqrt');
export const exp = operator<Unary>('aten::exp');
export const log = operator<Unary>('aten::log');
export const tanh = operator<Unary>('aten::tanh');
export const sigmoid = operator<Unary>('aten::sigmoid');
export const erf = operator<Unary>('aten::erf');
export const floor = operator<Unary>('aten::floor');
/** To the nearest whole number, halves to the even one. */
export const round = operator<Unary>('aten::round');
export const isfinite = operator<Unary>('aten::isfinite');
export const isnan = operator<Unary>('aten::isnan');
export const logicalNot = operator<Unary>('aten::logical_not');
export const logicalAnd = operator<WithTensor>('aten::logical_and');
export const clamp =
  operator<(self: Tensor, min: number | null, max: number | null) => Tensor>('aten::clamp');
/** `self` where `condition` holds, else `other`. */
export const where = operator<(condition: Tensor, self: Tensor, other: Tensor) => Tensor>('aten::where.self');
export const maskedFill =
  operator<(self: Tensor, mask: Tensor, value: number) => Tensor>('aten::masked_fill.Scalar');

/** In place: self += alpha * other */
export const add_ = (self: Tensor, other: Tensor | number, alpha?: number): Tensor =>
  typeof other === 'number' ? addScalar_(self, other, alpha) : addTensor_(self, other, alpha);
export const mul_ = binary('aten::mul_');
export const div_ = binary('aten::div_');
export const sqrt_ = operator<Unary>('aten::sqrt_');
export const zero_ = operator<Unary>('aten::zero_');
export const fill_ = operator<WithNumber>('aten::fill_.Scalar');
export const copy_ = operator<(self: Tensor, source: Tensor, nonBlocking?: boolean) => Tensor>('aten::copy_');
export const clamp_ =
  operator<(self: Tensor, min: number | null, max: number | null) => Tensor>('aten::clamp_');
/** In place: self += value * a * b */
export const addcmul_ =
  operator<(self: Tensor, a: Tensor, b: Tensor, value?: number) => Tensor>('aten::addcmul_');
/** In place: self += value * a / b */
export const addcdiv_ =
  operator<(self: Tensor, a: Tensor, b: Tensor, value?: number) => Tensor>('aten::addcdiv_');
/** In place: draws from a normal distribution. */
export const normal_ = operator<(self: Tensor, mean?: number, std?: number) => Tensor>('aten::normal_');
export const uniform_ = operator<(self: Tensor, from?: number, to?: number) => Tensor>('aten::uniform_');
/** In place: 1 with probability p, else 0. */
export const bernoulli_ = operator<(self: Tensor, p?: number) => Tensor>('aten::bernoulli_.float');
