/** @file Many examples and several models at once: for files of predictions, servers and ensembles. */

export { answerExamples } from './answerExamples.js';
export { RuntimeEnsemble } from './ensemble.js';
export { loadEnsemble } from './loadEnsemble.js';
