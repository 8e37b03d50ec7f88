/** @file Arrow tables, read a row at a time. */

export { ArrowTable } from './arrowTable.js';
export { type ArrowField, isOfNumbers, isSingle, typeText } from './schema.js';
export type { ArrowValue } from './values.js';
