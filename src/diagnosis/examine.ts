/** @file What one file is, by its content, and the examiner that knows its kind. */

import { statSync } from 'node:fs';
import { messageOf } from '../common/errors.js';
import { type ContentKindName, PICTURE_KINDS, readContentKind } from '../formats/contentKind.js';
import { readHead } from '../formats/fileHead.js';
import { recogniseForm, whatItIs } from '../formats/forms/index.js';
import { formatBytes } from '../formats/numbers.js';
import { examineLines, examineRecords } from './examiners/annotations.js';
import { examineGzip, examineTar, examineZip } from './examiners/archives.js';
import { examineFeatureTable, examineStore } from './examiners/features.js';
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

const FEATURES =
  'If it holds region features, lxmert features convert makes a store of it (docs/reference/feature-formats.md).';

const WAYS: Partial<Record<ContentKindName, string>> = {
  hdf5: FEATURES,
  npy: FEATURES,
  lmdb: FEATURES,
  arrow:
    "If it holds region features, as those of Hugging Face's LXMERT examples, lxmert features convert makes a store of it " +
    '(docs/reference/feature-formats.md). Questions are read as JSON (docs/how-to/prepare.md) or JSON lines (docs/how-to/custom-data.md).',
  parquet: 'prepare vqa, gqa and nlvr2 read questions in it (docs/how-to/prepare.md, Parquet).',
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
  if (kind === 'zip') return await examineZip(file);
  if (kind === 'gzip') return await examineGzip(file);
  if (kind === 'tar') return await examineTar(file);
  if (kind === 'safetensors') return await examineSafetensors(file);
  if (kind === 'pickle') return await examinePickle(file, name);
  if (/\.(pth|pt|bin|ckpt|caffemodel|pkl)$/i.test(file)) return await examineWeights(file, name);
  if (kind === 'jsonArray' || kind === 'jsonObject' || kind === 'text')
    return await examineText(file, numBytes);
  return report(file, name, { facts: [formatBytes(numBytes)], wayOn: WAYS[kind] });
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
  return table.problems.length === 0 ? table : weights;
}

/** A shard of features says so in its header, which begins the file. */
async function examineSafetensors(file: string): Promise<FileReport> {
  const head = headOf(file, 1 << 16);
  return head.includes('lxmert-features') || /shard-\d{5}\.safetensors$/.test(file)
    ? await examineStore(file)
    : await examineWeights(file, 'a safetensors file');
}

async function examineText(file: string, numBytes: number): Promise<FileReport> {
  const fields = firstLine(file).split('\t');
  const columns = fields.length;
  if (columns >= 6 && fields.some(isOfFeatures)) return await examineFeatureTable(file, numBytes);
  const form = recogniseForm(file);
  if (form === undefined) return unknownText(file, numBytes, columns);
  if (form.form === 'vocabulary') return await examineVocabulary(file, form);
  if (['label2ans', 'ans2label', 'label2ansObject', 'pretrainingAnswers'].includes(form.form))
    return await examineTable(file, form);
  if (form.layout.kind !== 'none') return await examineRecords(file, form);
  if (['nlvr2Predictions', 'ids', 'names'].includes(form.form)) return examineLines(file, form, numBytes);
  return report(file, form.title, { facts: [formatBytes(numBytes)], wayOn: form.wayOn });
}

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
