/** @file Several processes as one: who this one is, how they meet, what they tell each other. */

export { flattened } from './agreement.js';
export { processRank, processShare } from './environment.js';
export { gather } from './gather.js';
export { meet } from './rendezvous.js';
