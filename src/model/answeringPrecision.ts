/** @file What a model that only answers can compute in. */

import { PRECISIONS } from './lxmert.js';

/**
 * Besides the formats of numbers between layers `int8`: weights in 8 bits, what they are multiplied with rounded row by row, sums in
 * 32 bits; numbers between layers stay float32.
 */
export const ANSWERING_PRECISIONS = [...PRECISIONS, 'int8'] as const;
export type AnsweringPrecision = (typeof ANSWERING_PRECISIONS)[number];
