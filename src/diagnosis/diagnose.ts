/** @file Looks at any files a user has: what each is, what looks wrong, what belongs together. */

import type { Progress } from '../common/progress.js';
import { examineFile } from './examine.js';
import { examineExported } from './examiners/exportedFolder.js';
import { examineStore } from './examiners/features.js';
import { examineForeignFeatures } from './examiners/foreignFeatures.js';
import { examinePictures } from './examiners/pictures.js';
import { examineRun } from './examiners/runFolder.js';
import { type FileReport, report } from './fileReport.js';
import { findSubjects, type Subject } from './findSubjects.js';
import { compareFiles, type Fit } from './together/index.js';

/** What was found about some files. */
export interface Diagnosis {
  readonly files: readonly Omit<FileReport, 'traits'>[];
  readonly together: readonly Fit[];
  /** Files and folders that were too many to be looked at. */
  readonly numLeftOut: number;
  readonly looksWrong: boolean;
}

/**
 * Examines files and folders: their beginnings, ends and some samples, so that time and memory do not grow with them. A file
 * that fails gets a sentence, and the others go on.
 */
export async function diagnoseFiles(
  paths: readonly string[],
  { progress, signal }: { readonly progress?: Progress; readonly signal?: AbortSignal } = {},
): Promise<Diagnosis> {
  const { subjects, numLeftOut } = findSubjects(paths);
  const reports: FileReport[] = [];
  for (const [i, subject] of subjects.entries()) {
    signal?.throwIfAborted();
    progress?.update(i, subjects.length);
    reports.push(await examineSubject(subject));
  }
  progress?.update(subjects.length, subjects.length);
  const together = await compareFiles(reports, signal);
  return {
    files: reports.map(({ traits: _, ...shown }) => shown),
    together,
    numLeftOut,
    looksWrong: reports.some(({ problems }) => problems.length > 0) || together.some(({ fits }) => !fits),
  };
}

async function examineSubject({ path, as, files, problem }: Subject): Promise<FileReport> {
  if (as === 'problem') return report(path, 'not examined', { problems: [problem ?? ''] });
  if (as === 'features')
    return (
      (await examineForeignFeatures(path, { kind: 'folder', name: 'a folder of features' })) ??
      report(path, 'a folder')
    );
  if (as === 'store') return await examineStore(path);
  if (as === 'run') return await examineRun(path);
  if (as === 'exported') return await examineExported(path);
  if (as === 'pictures') return await examinePictures(path, files ?? []);
  return await examineFile(path);
}
