/** @file Files of examples: a JSON list or JSON lines, and what is said of a file that is something else. */

import { LxmertError, UsageError } from '../../common/errors.js';
import { readContentKind } from '../../formats/contentKind.js';
import { foreignFile, recogniseForm } from '../../formats/forms/index.js';
import { type PlacedValue, readJsonLines } from '../../formats/lines/jsonLines.js';
import { streamRecords } from './jsonRecords.js';
import { fileSource, type JsonSource } from './jsonSource.js';
import { findLayout, type JsonLayout } from './jsonStream.js';
import { openJson } from './openJson.js';

/** What a reader takes. */
export interface ExampleFileKind {
  /** As it stands behind "expected": `questions in the reference's rows`. */
  readonly expected: string;
  /** The forms (`recogniseForm`) of files that are of this kind. */
  readonly forms: readonly string[];
}

/** A fault in a file of the right kind, whatever else it looks like. */
export class ExampleFault extends LxmertError {}

/** Keys under which a list of examples is wrapped. */
const LIST_KEYS = ['questions', 'examples', 'data'];

/**
 * The records of a file: the elements of a JSON list, alone or under a usual key of an object, or a value on each line. All
 * are read wherever one is, since the text itself says which it is.
 *
 * @param noun what an element of a list is called in messages: `question 3`
 */
export async function* readRecords(file: string, noun: string): AsyncGenerator<PlacedValue> {
  const source = isPacked(file) ? await openJson(file, 'examples as JSON') : fileSource(file);
  const layout = await layoutOf(source);
  const isList = layout.kind === 'list' || layout.kind === 'wrapped';
  if (!isList && source.isPlain === true) yield* readJsonLines(file);
  else yield* streamRecords(source, isList ? layout : { kind: 'lines' }, noun);
}

const PACKED = ['gzip', 'zip', 'tar'];

/** A file that is missing is told of by its reader. */
function isPacked(file: string): boolean {
  try {
    return [...PACKED, 'parquet'].includes(readContentKind(file).kind);
  } catch {
    return false;
  }
}

/** Of a text that is no JSON where it begins, the reader of lines says more. */
async function layoutOf(source: JsonSource): Promise<JsonLayout> {
  try {
    return await findLayout(source, LIST_KEYS);
  } catch (error) {
    if (!(error instanceof LxmertError) || error instanceof UsageError) throw error;
    return { kind: 'lines' };
  }
}

/**
 * Passes on what is read from a file. When reading fails since the file is of another kind, the error says which and
 * names the command that takes it; a fault within a file of this kind is left as it is.
 */
export async function* readAs<T>(
  file: string,
  kind: ExampleFileKind,
  examples: AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  try {
    yield* examples;
  } catch (error) {
    if (!(error instanceof LxmertError) || error instanceof UsageError || error instanceof ExampleFault)
      throw error;
    const sentence = whatElse(file, kind, error.message);
    throw sentence === undefined ? error : new LxmertError(sentence, { cause: error });
  }
}

/** The same of a file that was opened already; of what is packed only the outside could be looked at, so nothing is said. */
export function readOpenedAs<T>(
  source: JsonSource,
  kind: ExampleFileKind,
  examples: AsyncIterable<T>,
): AsyncIterable<T> {
  return source.isPlain === true ? readAs(source.name, kind, examples) : examples;
}

/** Kinds of content whose faults the reader names better. */
const JSON_KINDS = ['jsonArray', 'jsonObject', 'text', 'parquet'];

/** That a record of a packed file is meant, in a message: what is packed is of the kind then. */
const WITHIN = /, member '|: \w+ \d+\b/;

/** Where the very first record is, in a message. */
const FIRST_RECORD = /: ((line|row) 1|\w+ 0)\b|, byte 0: /;

function whatElse(file: string, { expected, forms }: ExampleFileKind, fault: string): string | undefined {
  try {
    const { kind } = readContentKind(file);
    if (PACKED.includes(kind) && WITHIN.test(fault)) return undefined;
    if (recogniseForm(file) !== undefined || !JSON_KINDS.includes(kind))
      return foreignFile(file, expected, forms);
    // A file whose first record is wrong already may be one that nobody knows: its keys say more.
    return FIRST_RECORD.test(fault) ? `${fault} ${foreignFile(file, expected)}` : undefined;
  } catch {
    // What cannot be looked at again says nothing beyond the first error.
    return undefined;
  }
}
