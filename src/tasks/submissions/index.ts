/** @file Files of results for test servers, looked at before they are uploaded; nothing here computes. */

export {
  checkSubmission,
  type SubmissionCheck,
  type SubmissionTask,
  submissionTasks,
} from './checkSubmission.js';
