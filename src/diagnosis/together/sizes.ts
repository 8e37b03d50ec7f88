/** @file Whether answer tables, vocabularies and features have the sizes that a model's weights have. */

import { formatCount, formatNumber } from '../../formats/numbers.js';
import { type FileReport, someOf } from '../fileReport.js';
import { clash, type Fit, suits } from './fit.js';

export function compareSizes(reports: readonly FileReport[]): Fit[] {
  return [
    ...tablesAndHeads(reports),
    ...tablesAndLabels(reports),
    ...vocabularies(reports),
    ...featureSizes(reports),
  ];
}

function tablesAndHeads(reports: readonly FileReport[]): Fit[] {
  const tables = reports.filter(({ traits }) => traits.answers !== undefined);
  return reports.flatMap((weights): Fit[] => {
    const { numAnswers, answers } = weights.traits;
    // A run's folder has both itself.
    const own = answers === undefined ? tables : [weights];
    if (numAnswers === undefined || own.length === 0) return [];
    const match = own.find(({ traits }) => traits.answers!.length === numAnswers);
    if (match !== undefined) {
      return [
        suits(
          [weights.path, match.path],
          `${match === weights ? 'Its answer table' : match.path} has as many answers as the head of ${weights.path}: ${formatNumber(numAnswers)}.`,
        ),
      ];
    }
    const found = own
      .map(({ path, traits }) => `${path} has ${formatNumber(traits.answers!.length)}`)
      .join(', ');
    return [
      clash(
        [weights.path, ...own.map(({ path }) => path)],
        `The head of ${weights.path} has ${formatCount(numAnswers, 'answer')}; ${found}. Name the table that it was trained with.`,
      ),
    ];
  });
}

function tablesAndLabels(reports: readonly FileReport[]): Fit[] {
  const tables = reports.filter(({ traits }) => traits.answers !== undefined);
  return reports.flatMap((questions): Fit[] => {
    const labels = questions.traits.labels;
    if (labels === undefined || tables.length === 0) return [];
    const counted = tables.map((table) => {
      const known = new Set(table.traits.answers);
      return { table, absent: [...labels.names].filter((label) => !known.has(label)) };
    });
    const { table, absent } = counted.sort((a, b) => a.absent.length - b.absent.length)[0]!;
    const files = [questions.path, table.path];
    const total = labels.names.size;
    if (absent.length === 0)
      return [
        suits(
          files,
          `Every answer of the labels of ${questions.path} (${formatNumber(total)}) is in ${table.path}.`,
        ),
      ];
    const sentence = `${formatNumber(absent.length)} of the ${formatNumber(total)} answers of the labels of ${questions.path} are not in ${table.path}, such as ${someOf(absent.slice(0, 2))}.`;
    return [
      2 * absent.length > total
        ? clash(files, `${sentence} The table is likely of other data.`)
        : suits(files, `${sentence} Such labels cannot be learnt.`),
    ];
  });
}

function vocabularies(reports: readonly FileReport[]): Fit[] {
  const all = reports.filter(({ traits }) => traits.numWordPieces !== undefined);
  return reports.flatMap((weights): Fit[] => {
    const { numWordEmbeddings: rows, numWordPieces } = weights.traits;
    const own = numWordPieces === undefined ? all : [weights];
    if (rows === undefined || own.length === 0) return [];
    const match = own.find(({ traits }) => traits.numWordPieces === rows);
    if (match !== undefined)
      return [
        suits(
          [weights.path, match.path],
          `${match === weights ? 'Its vocabulary' : match.path} has a word piece for each of the ${formatNumber(rows)} embeddings of ${weights.path}.`,
        ),
      ];
    return [
      clash(
        [weights.path, ...own.map(({ path }) => path)],
        `${weights.path} has embeddings of ${formatNumber(rows)} word pieces; ${own.map(({ path, traits }) => `${path} has ${formatNumber(traits.numWordPieces!)}`).join(', ')}.`,
      ),
    ];
  });
}

function featureSizes(reports: readonly FileReport[]): Fit[] {
  return reports.flatMap((weights) =>
    reports.flatMap((features): Fit[] => {
      const wanted = weights.traits.modelFeatureSize;
      const found = features.traits.featureSize;
      if (wanted === undefined || found === undefined || wanted === found) return [];
      return [
        clash(
          [weights.path, features.path],
          `${weights.path} reads ${formatNumber(wanted)} values of a region; ${features.path} has ${formatNumber(found)}.`,
        ),
      ];
    }),
  );
}
