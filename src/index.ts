/** @file The public interface of the package. */

export { CheckpointFile, loadWeights, saveCheckpoint } from './checkpoint/index.js';
export { LxmertError, UsageError } from './common/errors.js';
export { FeatureStore } from './features/index.js';
export { answerQuestion, regionsFor } from './inference/answerQuestion.js';
export { type LoadedModel, loadAnsweringModel, type ModelSource } from './inference/modelFolder.js';
export {
  LXMERT_BASE,
  type LxmertConfig,
  LxmertModel,
  lxmertConfig,
  QuestionAnsweringModel,
} from './model/index.js';
export type { CoverageRules, NotComputed } from './tasks/metrics/coverage.js';
export { scoreGqaFiles, scoreNlvr2Files, scoreVqaFiles } from './tasks/metrics/scoreFiles.js';
export { officialVqaScore } from './tasks/metrics/vqaAccuracy.js';
export { predictAnswers, type RankedAnswer, rankAnswers } from './tasks/predictAnswers.js';
export { encodeBatch, Vocabulary, WordPieceTokenizer } from './text/index.js';
export { liveTensors, scope, Tensor } from './torch/index.js';
