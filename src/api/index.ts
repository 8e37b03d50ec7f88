/** @file `lxmert`: answers to questions about pictures, what they were found in, and how well sentences match. */

export { type ExitCode, LxmertError, UsageError } from '../common/errors.js';
export type { RgbImage } from '../common/rgbImage.js';
export type { AttentionMap } from '../explain/attentionMap.js';
export type { ExplainedRegion } from '../explain/explainedRegions.js';
export {
  type AnswerRelevance,
  type ExplainedLayer,
  type ExplainOptions,
  type Explanation,
  explain,
  explanationOf,
  type SelfAttention,
} from '../explain/explanation.js';
export type { ExplanationOrigin } from '../explain/explanationPage.js';
export { type Relevance, relevancesOf } from '../explain/relevance.js';
export type { ExplanationMethod, Removal, RemovedWord, TakenAway, WithoutPart } from '../explain/removal.js';
export { renderExplanation } from '../explain/renderExplanation.js';
export { readRow, type StatedRow } from '../features/index.js';
export type { ImageRegion, ImageRegions, RegionLabel } from '../inference/imageRegions.js';
export {
  Lxmert,
  type LxmertAnswer,
  type LxmertMatch,
  type LxmertSource,
} from '../inference/lxmert.js';
export { LxmertImage } from '../inference/lxmertImage.js';
export type { LoadedModel } from '../inference/modelFolder.js';
export { findNamedModel, type HubOptions } from '../inference/namedModel.js';
export type { PixelRegionSettings } from '../inference/regionFinder.js';
export type { AnswerOptions } from '../inference/requests.js';
export type { RankedAnswer } from '../tasks/index.js';
export { decodeImage } from '../vision/decodeImage.js';
export { DEFAULT_MAX_BYTES, DEFAULT_MAX_PIXELS, type DecodeOptions } from '../vision/pictureFile.js';
