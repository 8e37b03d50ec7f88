/** @file What of the runtime runs in Node.js alone. */

export { type ExaminedEngine, type ExaminedModel, examineEngines, examineModel } from './examineEngines.js';
