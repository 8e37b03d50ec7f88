/** @file What the room makes of heads' outputs that runs anywhere: neither tensors nor Node.js are needed. */

export { activate, matchProbabilities, rankedAnswers } from './probabilities.js';
export { averageValues, type ProbabilityRows, probabilityRows } from './probabilityRows.js';
