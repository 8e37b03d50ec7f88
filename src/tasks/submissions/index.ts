/** @file Files of results for test servers, looked at before they are uploaded; nothing here computes. */

export { checkSubmission, type SubmissionCheck } from './checkSubmission.js';
export { type SubmissionTask, submissionTasks } from './serverForms.js';
