/** @file Whether there are features of the images that questions are about. */

import { formatNumber } from '../../formats/numbers.js';
import { type FileReport, someOf } from '../fileReport.js';
import { clash, type Fit, suits } from './fit.js';

export function compareImages(reports: readonly FileReport[]): Fit[] {
  const features = reports.filter(({ traits }) => traits.featureImages !== undefined);
  if (features.length === 0) return [];
  const known = new Set<string>();
  for (const { traits } of features) for (const id of traits.featureImages!.names) known.add(id);
  const isAll = features.every(({ traits }) => traits.featureImages!.isAll);
  const where = features.length === 1 ? features[0]!.path : `the ${features.length} files of features`;
  const found = reports.flatMap((questions) => {
    const wanted = questions.traits.questionImages?.names;
    if (wanted === undefined) return [];
    const absent = [...wanted].filter((id) => !known.has(id));
    const files = [questions.path, ...features.map(({ path }) => path)];
    const fit = isAll
      ? ofAllImages(questions.path, wanted, absent, known, { files, where })
      : ofSeenImages(questions.path, wanted, absent, known, { files, where });
    return fit === undefined ? [] : [{ fit, isApart: absent.length === wanted.size }];
  });
  // Questions of another data set may lie beside those that the features are for.
  const areUsed = found.some(({ isApart }) => !isApart);
  return found.filter(({ isApart }) => !areUsed || !isApart).map(({ fit }) => fit);
}

interface Place {
  readonly files: readonly string[];
  readonly where: string;
}

function ofAllImages(
  questions: string,
  wanted: ReadonlySet<string>,
  absent: readonly string[],
  known: ReadonlySet<string>,
  { files, where }: Place,
): Fit {
  const total = formatNumber(wanted.size);
  if (absent.length === 0)
    return suits(files, `Every image of ${questions} (${total}) has features in ${where}.`);
  const [example = 'none'] = known;
  return clash(
    files,
    `${formatNumber(absent.length)} of the ${total} images of ${questions} have no features in ${where}, ` +
      `such as ${someOf(absent.slice(0, 2))}; features are there of images such as ${example}.${sameNumberHint(absent, known)}`,
  );
}

/** Where only some rows of the features were seen, those are asked about, or are called alike at least. */
function ofSeenImages(
  questions: string,
  wanted: ReadonlySet<string>,
  absent: readonly string[],
  seen: ReadonlySet<string>,
  { files, where }: Place,
): Fit | undefined {
  if (absent.length < wanted.size) {
    return suits(
      files,
      `Images that were seen in ${where} are asked about in ${questions}; not all of its rows were looked at.`,
    );
  }
  const forms = new Set([...seen].map(formOfId));
  if (absent.slice(0, 1000).some((id) => forms.has(formOfId(id)))) return undefined;
  const [example = 'none'] = seen;
  return clash(
    files,
    `${questions} calls images as in ${absent[0]}, ${where} as in ${example}: no question would find its features.${sameNumberHint(absent, seen)}`,
  );
}

/** Two data sets both count from 0: only larger numbers that agree tell something. */
const SMALLEST_TELLING = 1000;

/** COCO numbers with and without the name around them. */
function sameNumberHint(absent: readonly string[], known: ReadonlySet<string>): string {
  const numbers = new Set([...known].slice(0, 100_000).map(lastNumber));
  const isSame = absent.slice(0, 1000).some((id) => {
    const number = lastNumber(id);
    return number !== undefined && Number(number) >= SMALLEST_TELLING && numbers.has(number);
  });
  return isSame ? ' The numbers in them are the same: one of the two files writes them another way.' : '';
}

function lastNumber(id: string): string | undefined {
  return /(\d+)\D*$/.exec(id)?.[1]?.replace(/^0+(?=\d)/, '');
}

/** `COCO_val2014_000000000042` and `COCO_val2014_000000262148` have one form. */
function formOfId(id: string): string {
  return id.replace(/\d+/g, '0');
}
