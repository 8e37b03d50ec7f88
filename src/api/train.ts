/**
 * @file `lxmert/train`: the Trainer with its optimizers, schedules and callbacks; tasks, their data and their metrics; fine-tuning
 * and pre-training as the commands do them.
 */

export { LxmertError, UsageError } from '../common/errors.js';
export type { Progress } from '../common/progress.js';
export { Random, type RandomState } from '../common/random.js';
export type { Question } from '../data/annotations/question.js';
export { AnswerTable } from '../data/answerTable.js';
export {
  type LoadAnswerTableOptions,
  loadAnswerTable,
  type Say,
  saveAnswerTable,
  savePretrainingAnswers,
} from '../data/answerTableFiles.js';
export { buildAnswerTable } from '../data/buildAnswerTable.js';
export { EpochSampler, sequentialBatches } from '../data/epochSampler.js';
export { type KnownImages, LeftOut, type LeftOutCounts, MAX_LEFT_OUT } from '../data/leftOut.js';
export { type CorpusAnswers, type CorpusColumns, PretrainingCorpus } from '../data/pretraining/corpus.js';
export { type Draws, drawsOf } from '../data/pretraining/draws.js';
export { type ReadCorpus, type ReadCorpusOptions, readCorpus } from '../data/pretraining/readCorpus.js';
export type { SamplingSettings } from '../data/pretraining/sampling.js';
export { QuestionSet, type QuestionSetOptions, type UnknownAnswers } from '../data/questionSet.js';
export type { CaptionSplit } from '../data/sampleWorld/captions/writeCaptions.js';
export type { GqaSplit } from '../data/sampleWorld/gqa/writeGqa.js';
export {
  makeSampleWorld,
  SAMPLE_FILES,
  type SampleWorldOptions,
  type SampleWorldSummary,
} from '../data/sampleWorld/makeSampleWorld.js';
export type { Nlvr2Split } from '../data/sampleWorld/nlvr2/writeNlvr2.js';
export type { ColorShape } from '../data/sampleWorld/scene.js';
export { disposeModels, loadEnsemble } from '../inference/ensemble.js';
export {
  type LoadedModel,
  loadAnsweringModel,
  loadModel,
  type ModelSource,
  type TaskModelSource,
} from '../inference/modelFolder.js';
export * from '../tasks/index.js';
export * from '../train/index.js';
