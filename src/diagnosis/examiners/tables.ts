/** @file Answer tables and vocabularies. */

import { messageOf } from '../../common/errors.js';
import { loadAnswerTable } from '../../data/answerTableFiles.js';
import type { FileForm } from '../../formats/forms/index.js';
import { formatCount } from '../../formats/numbers.js';
import { loadVocabulary } from '../../text/vocabularyFile.js';

import { type FileReport, report, someOf } from '../fileReport.js';

/** An answer table in any form that is read; one that is not is a problem in the reader's words. */
export async function examineTable(file: string, form: FileForm): Promise<FileReport> {
  try {
    const { answers } = await loadAnswerTable(file);
    const facts = [
      `${formatCount(answers.length, 'answer')}: ${someOf(
        answers.map((answer) => `'${answer}'`),
        5,
      )}`,
    ];
    return report(file, form.title, { facts, wayOn: form.wayOn, traits: { answers } });
  } catch (error) {
    return report(file, form.title, { problems: [messageOf(error)], wayOn: form.wayOn });
  }
}

export async function examineVocabulary(file: string, form: FileForm): Promise<FileReport> {
  try {
    const { size } = await loadVocabulary(file);
    return report(file, form.title, {
      facts: [formatCount(size, 'word piece')],
      wayOn: form.wayOn,
      traits: { numWordPieces: size },
    });
  } catch (error) {
    return report(file, form.title, { problems: [messageOf(error)], wayOn: form.wayOn });
  }
}
