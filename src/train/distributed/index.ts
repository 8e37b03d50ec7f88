/** @file Several processes as one: who this one is, how they meet, what they tell each other. */

export { flattened } from './agreement.js';
export { processRank, processShare } from './environment.js';
export { gatherValues } from './gatherValues.js';
export { meet } from './rendezvous.js';
