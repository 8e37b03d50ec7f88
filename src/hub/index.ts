/** @file Models by their names on a hub, in the cache that Python's programs share. */

export {
  bytesToFetch,
  type FetchModelOptions,
  fetchPlanned,
  locateModel,
  type ModelPlan,
  planModel,
  requireRoom,
} from './fetchModel.js';
export { type CachedModel, cachedNames, findCached, hubOriginOf, hubOriginsOf, pathFor } from './hubCache.js';
export { hubSettings } from './hubSettings.js';
export {
  DETECTOR_REMARK,
  isPublished,
  isPublishedModel,
  PUBLISHED_DETECTOR,
  PUBLISHED_VQA,
} from './publishedModels.js';
