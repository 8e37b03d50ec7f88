/** @file Pickles of plain data, for files beside checkpoints; needs no tensors. */

export { PickleError } from './error.js';
export { type PlainValue, readPlainPickle } from './plainPickle.js';
