/** @file Files of this field known by their form: which data set's file it is, and which command takes it. */

export { foreignFile } from './foreignFile.js';
export { recogniseForm } from './recognise.js';
