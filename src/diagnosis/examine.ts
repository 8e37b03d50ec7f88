/** @file What one file is, by its content, and the examiner that knows its kind. */

import { statSync } from 'node:fs';
import { messageOf } from '../common/errors.js';
import { findFormat, unpackingOf } from '../features/fileInfo.js';
import { type ContentKindName, PICTURE_KINDS, readContentKind } from '../formats/contentKind.js';
import { readHead } from '../formats/fileHead.js';
import { areImageNumbers, recogniseForm, rowIdsForm, whatItIs } from '../formats/forms/index.js';
import { formatBytes, formatCount } from '../formats/numbers.js';
import { examineLines, examineRecords } from './examiners/annotations.js';
import { examineGzip, examineTar, examineZip } from './examiners/archives.js';
import { examineFeatureTable, examineStore } from './examiners/features.js';
import { examineForeignFeatures } from './examiners/foreignFeatures.js';
import { examineParquet } from './examiners/parquet.js';
import { examinePicture } from './examiners/pictures.js';
import { examineTable, examineVocabulary } from './examiners/tables.js';
import { examineWeights } from './examiners/weights.js';
import { type FileReport, report } from './fileReport.js';

/** No table of answers is larger. */
const MAX_TABLE_BYTES = 1 << 24;

/** Kinds that nothing can be read of. */
const BROKEN: ReadonlySet<ContentKindName> = new Set([
  'empty',
  'zeros',
  'gitLfs',
  'html',
  'emptyZip',
  'utf16',
]);

/** In the head of each page that this program writes. */
const OWN_PAGE = `content="default-src 'none'; img-src data:; style-src 'sha256-`;

const WAYS: Partial<Record<ContentKindName, string>> = {
  npy: 'If it holds region features, they are read together with the boxes in a file of the same name with _info before its ending (docs/reference/feature-formats.md).',
  prototxt: 'The network is known here. The weights are in the .caffemodel file, and --detector takes that.',
};

/** Examines one file; whatever goes wrong becomes a problem of its report. */
export async function examineFile(file: string): Promise<FileReport> {
  try {
    return await examineKnown(file);
  } catch (error) {
    return report(file, 'a file that cannot be examined', { problems: [messageOf(error)] });
  }
}

async function examineKnown(file: string): Promise<FileReport> {
  const numBytes = statSync(file).size;
  const { kind, name } = readContentKind(file);
  if (kind === 'html' && headOf(file, 1024).includes(OWN_PAGE))
    return report(file, 'a page that lxmert wrote (HTML): a report or an explanation', {
      facts: [formatBytes(numBytes)],
      wayOn: 'It is looked at with a browser.',
    });
  if (BROKEN.has(kind)) return report(file, name, { problems: [`${file} is ${name}.`] });
  if (PICTURE_KINDS.has(kind)) return await examinePicture(file, name);
  if (findFormat(file) !== undefined) {
    const features = await examineForeignFeatures(file, { kind, name });
    if (features !== undefined) return features;
  }
  if (kind === 'zip') return await examineZip(file);
  if (kind === 'gzip') return await examineGzip(file);
  if (kind === 'tar') return await examineTar(file);
  if (kind === 'parquet') return await examineParquet(file);
  if (kind === 'safetensors') return await examineSafetensors(file);
  if (kind === 'pickle') return await examinePickle(file, name);
  if (/\.(pth|pt|bin|ckpt|caffemodel|pkl)$/i.test(file)) return await examineWeights(file, name);
  if (kind === 'jsonArray' || kind === 'jsonObject' || kind === 'text')
    return await examineText(file, numBytes);
  const unpack = unpackingOf(file);
  const wayOn = unpack === undefined ? WAYS[kind] : `Unpack it first: ${unpack}`;
  return report(file, name, { facts: [formatBytes(numBytes)], wayOn });
}

/** Weights, or an answer table as Python keeps one. */
async function examinePickle(file: string, name: string): Promise<FileReport> {
  const weights = await examineWeights(file, name);
  if (weights.problems.length === 0 || statSync(file).size > MAX_TABLE_BYTES) return weights;
  const title = 'an answer table as a Python pickle';
  const wayOn = 'It is read by --answers as it is.';
  const table = await examineTable(file, {
    form: 'pickledTable',
    title,
    wayOn,
    command: undefined,
    layout: { kind: 'none' },
  });
  if (table.problems.length > 0) return weights;
  if (!areImageNumbers(table.traits.answers ?? [''])) return table;
  const form = rowIdsForm(file);
  const facts = [formatCount(table.traits.answers!.length, 'image')];
  return report(file, `${form.title}, as a Python pickle`, { facts, wayOn: form.wayOn });
}

/** A shard of features says so in its header, which begins the file. */
async function examineSafetensors(file: string): Promise<FileReport> {
  const head = headOf(file, 1 << 16);
  return head.includes('lxmert-features') || /shard-\d{5}\.safetensors$/.test(file)
    ? await examineStore(file)
    : await examineWeights(file, 'a safetensors file');
}

async function examineText(file: string, numBytes: number): Promise<FileReport> {
  const line = firstLine(file);
  const fields =
    DELIMITERS.map((each) => line.split(each)).find(({ length }) => length >= 6) ?? line.split('\t');
  const columns = fields.length;
  if (columns >= 6 && fields.some(isOfFeatures)) return await examineFeatureTable(file, numBytes);
  if (/^\S+\t\[\{"(height|width)"/.test(line))
    return report(file, "sizes of pictures as VinVL's programs write them (hw.tsv)", {
      facts: [formatBytes(numBytes)],
      wayOn: 'Beside the table of their features it is read by lxmert features convert.',
    });
  if (file.endsWith('.lineidx'))
    return report(file, 'the places of the lines of a TSV file (.lineidx), as VinVL and Oscar keep them', {
      facts: [formatBytes(numBytes)],
      wayOn: 'No command needs it: the TSV file is read without.',
    });
  const form = recogniseForm(file);
  if (form === undefined) return unknownText(file, numBytes, columns);
  if (form.form === 'vocabulary') return await examineVocabulary(file, form);
  if (['label2ans', 'ans2label', 'label2ansObject', 'pretrainingAnswers'].includes(form.form))
    return await examineTable(file, form);
  if (form.layout.kind !== 'none') return await examineRecords(file, form);
  if (['nlvr2Predictions', 'ids', 'names'].includes(form.form)) return examineLines(file, form, numBytes);
  return report(file, form.title, { facts: [formatBytes(numBytes)], wayOn: form.wayOn });
}

/** What divides the columns of tables of features. */
const DELIMITERS = ['\t', ',', ';', '|'];

/** Packed numbers, or a header's name of the column that has the ids. */
function isOfFeatures(field: string): boolean {
  return /^(b['"])?[A-Za-z0-9+/]{40}/.test(field) || /^\W*(img|image)_id$/i.test(field);
}

function unknownText(file: string, numBytes: number, columns: number): FileReport {
  const what = columns > 1 ? `a table of ${columns} columns` : whatItIs(file).replace(/^is /, '');
  const isJson = what.startsWith('JSON text') || /\.jsonl?$/i.test(file);
  const problems = what.startsWith('JSON text')
    ? [`${file} begins like JSON, but its beginning is not valid JSON.`]
    : [];
  const wayOn =
    isJson && problems.length === 0
      ? 'No command knows this form. Data of your own are lines as docs/how-to/custom-data.md says.'
      : undefined;
  return report(file, what, { facts: [formatBytes(numBytes)], problems, wayOn });
}

function firstLine(file: string): string {
  return headOf(file, 4096).split('\n', 1)[0] ?? '';
}

function headOf(file: string, length: number): string {
  return readHead(file, length).toString('latin1');
}
