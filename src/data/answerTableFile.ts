/** @file Reads the file of an answer table, whatever it is: JSON, a pickle of plain data, or a text of lines. */

import { readFile, stat } from 'node:fs/promises';
import { PickleError, type PlainValue, readPlainPickle } from '../checkpoint/pickle/index.js';
import { hasErrorCode, LxmertError, UsageError, unreadable } from '../common/errors.js';
import { contentKindOf } from '../formats/contentKind.js';
import { recogniseForm } from '../formats/forms/index.js';
import { describeJsonFault } from '../formats/jsonFault.js';
import { formatBytes } from '../formats/numbers.js';
import { type AnswerList, answersOfText, answersOfValue, NoAnswerTable } from './answerTableForms.js';

/** The largest published table has 0.5 MB. */
const MAX_BYTES = 64e6;

const EXPECTED =
  'expected an answer table: a JSON list of the answers in the order of the head, such as the trainval_label2ans.json ' +
  'that lxmert prepare and every run folder write';

/** Files whose faults are those of a table. */
const TABLE_FORMS = [
  'label2ans',
  'label2ansObject',
  'ans2label',
  'pretrainingAnswers',
  'huggingFaceConfig',
  'names',
  // Answers by number are either.
  'predictionsById',
];

/**
 * Reads the answers of a file, by row of the head.
 *
 * @throws UsageError when there is no such file
 * @throws LxmertError that says what was expected and what was found, for a file that is no answer table
 */
export async function readAnswerList(file: string): Promise<AnswerList> {
  const bytes = await readBytes(file);
  const { kind, name } = contentKindOf(bytes.subarray(0, 1024));
  switch (kind) {
    case 'jsonArray':
    case 'jsonObject':
      return checked(file, answersOfValue(parseJson(file, decode(file, bytes))));
    case 'pickle':
      return checked(file, answersOfValue(readPickled(file, bytes)), 'from a Python pickle');
    case 'text': {
      const text = decode(file, bytes);
      if (/\.json$/i.test(file)) return checked(file, answersOfValue(parseJson(file, text)));
      return checked(file, answersOfText(text));
    }
    default:
      throw new LxmertError(`${file} is ${name}; ${EXPECTED}.`);
  }
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) throw new LxmertError(`${file} has ${formatBytes(size)}; ${EXPECTED}.`);
    return await readFile(file);
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) throw new UsageError(`There is no answer table '${file}'.`);
    throw error instanceof LxmertError ? error : unreadable(file, error);
  }
}

function decode(file: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new LxmertError(`${file} is not text in UTF-8; ${EXPECTED}.`, { cause: error });
  }
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new LxmertError(`${file} is not valid JSON: ${describeJsonFault(text)}. ${sentence(EXPECTED)}.`);
  }
}

function readPickled(file: string, bytes: Buffer): unknown {
  try {
    return toJson(readPlainPickle(bytes));
  } catch (error) {
    if (!(error instanceof PickleError)) throw error;
    throw new LxmertError(
      `${file} is a Python pickle that cannot be read as plain data: ${error.message}. Write the list from Python with json.dump(list(answers), open('label2ans.json', 'w')).`,
      { cause: error },
    );
  }
}

/** As JSON would have it: a dict becomes an object, whose keys are text. */
function toJson(value: PlainValue): unknown {
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, item]) => [String(key), toJson(item)]));
  return value;
}

function checked(file: string, found: AnswerList | NoAnswerTable, source?: string): AnswerList {
  if (found instanceof NoAnswerTable) {
    const form = recogniseForm(file);
    throw new LxmertError(
      form === undefined || TABLE_FORMS.includes(form.form)
        ? `${file}: ${EXPECTED}, but ${found.reason}.`
        : `${file} holds ${form.title}; ${EXPECTED}. ${form.wayOn}`,
    );
  }
  const readAs = [source, found.readAs].filter((part) => part !== undefined).join(', ');
  return readAs === '' ? found : { ...found, readAs };
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
