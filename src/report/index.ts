/** @file The report room: a run as one web page. */

export { selfContainedPage } from './page.js';
export { pictureRegions } from './pictureRegions.js';
export { renderReport } from './renderReport.js';
export { type DescribedRun, describeRun } from './runFolderReport.js';
export type {
  ReportAccuracy,
  ReportAccuracyRow,
  ReportBox,
  ReportCurve,
  ReportExample,
  ReportFact,
  ReportGroup,
  ReportSeries,
  RunReport,
} from './runReport.js';
