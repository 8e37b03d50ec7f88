/** @file What the room makes of heads' outputs that runs anywhere: neither tensors nor Node.js are needed. */

export {
  activate,
  bestAnswers,
  matchProbabilities,
  type Probabilities,
  probabilitiesFrom,
  rankedAnswers,
} from './probabilities.js';
