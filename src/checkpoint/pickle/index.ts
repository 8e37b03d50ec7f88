/** @file Pickles of plain data, for files beside checkpoints; needs no tensors. */

export { type DataValue, isNumberArray, readArrayPickle } from './arrayPickle.js';
export { PickleError } from './error.js';
export { type PlainValue, readPlainPickle } from './plainPickle.js';
