/** @file Whether predictions and annotations are about the same questions. */

import { isNamedForVqa, shellWord } from '../../formats/forms/index.js';
import { formatCount, formatNumber } from '../../formats/numbers.js';
import type { FileReport } from '../fileReport.js';
import { clash, type Fit, suits } from './fit.js';

export function compareAnswers(reports: readonly FileReport[]): Fit[] {
  return [...predictions(reports), ...officialPairs(reports)];
}

/** Which predictions are for which questions: ids of different data sets never meet. */
function familyOf(form: string | undefined): string {
  return /^(vqa|okVqa|predictionsById)/.test(form ?? '')
    ? 'vqa'
    : (/^(gqa|nlvr2|vizWiz|aOkVqa|custom)/.exec(form ?? '')?.[0] ?? '');
}

function predictions(reports: readonly FileReport[]): Fit[] {
  const answered = reports.filter(({ traits }) => traits.answeredIds?.isAll);
  return reports.flatMap((predicted): Fit[] => {
    const ids = predicted.traits.predictedIds?.names;
    if (ids === undefined) return [];
    const shares = answered
      .map((each) => ({ each, found: countShared(ids, each.traits.answeredIds!.names) }))
      .filter(
        ({ each, found }) => found > 0 || familyOf(each.traits.form) === familyOf(predicted.traits.form),
      )
      .sort((a, b) => b.found - a.found);
    const [best, second] = shares;
    // Where several could be meant and none is, the right one was not given.
    if (best === undefined || (best.found === 0 && second !== undefined)) return [];
    return [predictionFit(predicted, ids, best.each, best.found)];
  });
}

function predictionFit(
  predicted: FileReport,
  ids: ReadonlySet<string>,
  each: FileReport,
  found: number,
): Fit {
  const asked = each.traits.answeredIds!.names;
  const files = [predicted.path, each.path];
  if (found === 0) {
    return clash(
      files,
      `No prediction of ${predicted.path} is for a question of ${each.path}: ids are as in ${[...ids][0]} and ${[...asked][0]}.`,
    );
  }
  const rest =
    ids.size > found
      ? `; the other ${formatNumber(ids.size - found)} are for none of them (--extra ignore leaves them out)`
      : '';
  const missing =
    asked.size > found
      ? `; ${formatCount(asked.size - found, 'question')} ${asked.size - found === 1 ? 'has' : 'have'} no prediction (--missing says what becomes of them)`
      : '';
  const finding = `${formatNumber(found)} of the predictions of ${predicted.path} are for questions of ${each.path}${rest}${missing}.`;
  return { files, fits: rest === '', finding };
}

function countShared(some: ReadonlySet<string>, others: ReadonlySet<string>): number {
  let count = 0;
  for (const name of some) if (others.has(name)) count++;
  return count;
}

/** Official questions and annotations of one data set. */
function officialPairs(reports: readonly FileReport[]): Fit[] {
  const of = (pattern: RegExp) =>
    reports.filter(({ traits }) => traits.questionIds !== undefined && pattern.test(traits.form ?? ''));
  const annotations = of(/^(vqaAnnotations|vqaCpAnnotations|okVqaAnnotations)$/);
  return of(/^(vqaQuestions|vqaCpQuestions)$/).flatMap((questions): Fit[] => {
    const ids = questions.traits.questionIds!.names;
    const share = (other: FileReport): number =>
      [...other.traits.questionIds!.names].filter((id) => ids.has(id)).length;
    const [best] = annotations
      .map((each) => ({ each, found: share(each) }))
      .sort((a, b) => b.found - a.found || sameSplit(questions, b.each) - sameSplit(questions, a.each));
    if (best === undefined) return [];
    const files = [questions.path, best.each.path];
    if (best.found === 0)
      return [clash(files, `${best.each.path} has answers to none of the questions of ${questions.path}.`)];
    return [
      suits(
        files,
        `${best.each.path} has answers to ${formatNumber(best.found)} of the questions of ${questions.path}${wayOfPair(questions, best.each)}`,
      ),
    ];
  });
}

/** The split that a name states. */
const splitOf = ({ path }: FileReport): string | undefined =>
  /((train|val|test)20\d\d|vqacp_v[12]_(train|test))_(questions|annotations)/.exec(path)?.[1];

const sameSplit = (a: FileReport, b: FileReport): number => Number(splitOf(a) === splitOf(b));

/** The command for questions and annotations, whose names have to say of which split they are. */
function wayOfPair(questions: FileReport, annotations: FileReport): string {
  if (![questions, annotations].every(({ path }) => isNamedForVqa(path)))
    return ', and prepare vqa takes them with --as, which says of which half of COCO the images are, as in --as train2014.';
  if (sameSplit(questions, annotations) === 0)
    return ', but their names are of two splits, and prepare vqa reads those of one together.';
  const verb = annotations.traits.form === 'okVqaAnnotations' ? 'okvqa' : 'vqa';
  return `: lxmert prepare ${verb} ${shellWord(questions.path)} ${shellWord(annotations.path)} --output data/${verb}`;
}
