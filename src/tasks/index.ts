/** @file Tasks: what one is, those there are, what a trained model says of examples, and official metrics. */

export {
  ANSWER_HEAD,
  type AnsweringTaskDefinition,
  answeringTask,
  answerTargets,
  answerTaskScores,
  FINETUNING_DEFAULTS,
} from './answering.js';
export {
  type BatchInputsOptions,
  batchInputs,
  type ImageSentence,
  type RegionSource,
} from './batchInputs.js';
export { wantedAnswers } from './choices.js';
export { type DumpFormat, formatDump, jsonDump, lineDump } from './dumpFormat.js';
export {
  ANSWER_LOSSES,
  type AnswerLoss,
  type AnswerLossName,
  bestAnswerLoss,
  classLoss,
  LOSS_NAMES,
  probabilitiesOf,
  softAnswerLoss,
} from './losses.js';
export { MATCH_HEAD } from './matchScores.js';
export type { CoverageCounts, CoverageRules, NotComputed } from './metrics/coverage.js';
export type { GqaScores } from './metrics/gqaMetrics.js';
export type { OodPart, OodScore, OodScores } from './metrics/gqaOutOfDistribution.js';
export type { Nlvr2Scores, Nlvr2SubsetName, Nlvr2SubsetScore } from './metrics/nlvr2Metrics.js';
export {
  type GqaSources,
  type Nlvr2Sources,
  scoreGqaFiles,
  scoreNlvr2Files,
  scoreVqaFiles,
  type VqaSources,
} from './metrics/scoreFiles.js';
export type { SourceFiles } from './metrics/sourceFiles.js';
export type { ScoreRow } from './metrics/tally.js';
export {
  type AnnotatorCount,
  officialVqaScore,
  type VqaScoreRow,
  type VqaScores,
} from './metrics/vqaAccuracy.js';
export { type Mistakes, mistakesOf, type WrongAnswer } from './mistakes.js';
export {
  type AnsweringModel,
  type PredictOptions,
  predictExamples,
  rankAnswers,
  withProbabilities,
  withProbabilitiesOf,
} from './predict.js';
export type { RankedAnswer, WantedAnswers } from './prediction.js';
export type { HeadActivation, Predictor } from './predictor.js';
export {
  type ExamplePredictor,
  type PartialRegionSource,
  type PredictedFile,
  type PredictionProcessGroup,
  type PredictToFileOptions,
  predictToFile,
  writePredictions,
} from './predictToFile.js';
export type { LabelledRegions } from './pretraining/batch.js';
export type { PretrainingScores } from './pretraining/evaluate.js';
export { LOSS_KEYS, type LossKey, type LossSettings } from './pretraining/labels.js';
export { bestAnswers, matchProbabilities, rankedAnswers } from './probabilities.js';
export { type ProbabilityRows, probabilityRows } from './probabilityRows.js';
export { readExamples } from './readExamples.js';
export { findTask, headPrefixes, loadTask, type TaskEntry, tasks } from './registry.js';
export { SentenceCensus, type SentenceCounts } from './sentenceCensus.js';
export { type Sharding, shareOf } from './sharding.js';
export {
  type CommandExample,
  type CommandHelp,
  defineModelEvaluation,
  defineScore,
  type EvaluatedModel,
  headsOf,
  type ModelEvaluation,
  type Prediction,
  type ScoreDefinition,
  type Task,
  type TaskDefaults,
  type TaskHead,
} from './task.js';
export type { Measure, ScoreTable, TaskScores, TypeScore } from './taskScores.js';
export type {
  Counts,
  EpochMetrics,
  Evaluation,
  EvaluationContext,
  StepLoss,
  TaskTraining,
  TrainingContext,
} from './taskTraining.js';
export { type ChoiceTask, withChoices } from './withChoices.js';
