/** @file What files are, whether something about them looks wrong, and which command takes them. */

export { type Diagnosis, diagnoseFiles } from './diagnose.js';
export { renderDiagnosis } from './renderDiagnosis.js';
