/** @file libtorch for TypeScript. */

export { gradients, noGrad, setParameterBuffers, withGrad } from './autograd.js';
export * from './dtype.js';
export { adviseMapped, fromTypedArray, mapFile, requireMappedFiles, tensor } from './factory.js';
export { liveTensors } from './liveTensors.js';
export { getRandomState, manualSeed, setRandomState } from './random.js';
export * from './runtime.js';
export { keep, scope } from './scope.js';
export { Tensor } from './tensor.js';
