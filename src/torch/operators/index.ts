/** @file The operators in use, by kind. */

export * from './convolution.js';
export * from './convolutions.js';
export * from './creation.js';
export * from './elementwise.js';
export * from './indexing.js';
export * from './neural.js';
export { type DeclaredOperator, declaredOperators, schemaOf } from './operator.js';
export * from './optimizer.js';
export * from './packed.js';
export * from './reduction.js';
export * from './regions.js';
export * from './shape.js';
