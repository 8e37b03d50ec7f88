/** @file Files of this field known by their form: which data set's file it is, and which command takes it. */

export { foreignFile, whatItIs } from './foreignFile.js';
export { type FileForm, isNamedForVqa, shellWord } from './form.js';
export { asObject, HEAD_BYTES } from './jsonSample.js';
export { recogniseContent, recogniseForm } from './recognise.js';
export { areImageNumbers, rowIdsForm } from './tableForms.js';
