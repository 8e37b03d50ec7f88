/** @file libtorch for TypeScript. */

export { bfloat16Warning } from '../common/processor.js';
export { gradients, noGrad, setParameterBuffers, withGrad } from './autograd.js';
export { emptyForGpus, type Gathering, gatherInBackground } from './backgroundGather.js';
export {
  allowTf32,
  type DeviceChoice,
  defaultDevice,
  hasGraphs,
  numGpus,
  parseDevice,
  requireGraphs,
  requirePrecision,
  useDevice,
} from './device.js';
export { type DeviceGraph, deviceGraph } from './deviceGraph.js';
export { KeyStore, localAddress, ProcessGroup } from './distributed.js';
export * from './dtype.js';
export { adviseMapped, fromTypedArray, mapFile, requireMappedFiles, tensor } from './factory.js';
export { measureGemmRate } from './gemmRate.js';
export { type GradientPlace, GradientReducer, type ReductionTimes } from './gradientReducer.js';
export { int8Warnings, namedPrecision } from './int8.js';
export { liveTensors } from './liveTensors.js';
export { loadWarning, ThreadAdapter } from './machineLoad.js';
export { isLoaded } from './native.js';
export type { BlasInfo, NativeTensor, ResolvedOperator, RuntimeInfo } from './nativeBinding.js';
export { deviceAnswers, LateNumbers, place, staged } from './placement.js';

export { getRandomState, manualSeed, setRandomState } from './random.js';
export * from './runtime.js';
export { keep, scope } from './scope.js';
export { type AroundGraph, ShapeGraphs } from './shapeGraphs.js';
export { Tensor } from './tensor.js';
export { disposeTensors, tensorsOf } from './tensorTree.js';
