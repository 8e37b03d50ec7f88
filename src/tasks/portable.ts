/** @file What the room makes of heads' outputs that runs anywhere: neither tensors nor Node.js are needed. */

export { wantedAnswers } from './choices.js';
export { activate, matchProbabilities } from './probabilities.js';
export { averageValues, type ProbabilityRows, probabilityRows } from './probabilityRows.js';
