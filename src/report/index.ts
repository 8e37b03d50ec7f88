/** @file The report room: a run as one web page. */

export { type ComparedRuns, compareRuns } from './compareRuns.js';
export { selfContainedPage } from './page.js';
export { pictureRegions } from './pictureRegions.js';
export { renderReport } from './renderReport.js';
export { type DescribedRun, describeRun, EPOCHS_NOTE, type ReportPictures } from './runFolderReport.js';
export type {
  ReportAccuracy,
  ReportAccuracyRow,
  ReportBox,
  ReportComparison,
  ReportCurve,
  ReportExample,
  ReportFact,
  ReportGroup,
  ReportSeries,
  RunReport,
} from './runReport.js';
