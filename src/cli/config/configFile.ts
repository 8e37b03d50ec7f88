/** @file Reads a configuration file (TOML or JSON) into typed values by option key. */

import { open } from 'node:fs/promises';
import path from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { messageOf, UsageError } from '../../common/errors.js';
import { hubNameOf } from '../../common/hubName.js';
import { describeJsonFault } from '../../formats/jsonFault.js';
import type { Values } from '../command.js';
import { nearestName } from '../nearestName.js';
import type { Parameter } from '../options.js';

/** Far above any file of settings; a larger one is something else. */
const MAX_BYTES = 1 << 20;

/**
 * Reads the settings of one command. Keys are the flags' names without dashes in front; values have their flags'
 * types. A relative path is taken from the folder of the file. Ranges, choices and the existence of files are not
 * looked at here: the command's schema does that once the flags have been laid over.
 *
 * @param parameters The command's options.
 * @param commandName The words after `lxmert`, for errors.
 * @param source Where its text is, for a recipe that is read as if it were `file`.
 * @returns Values by option key; keys that the file does not name are absent.
 * @throws UsageError naming file and key, for a file that cannot be read as TOML or JSON, a key that is no flag of
 *   the command, or a value of another type than its flag's.
 */
export async function readConfigFile(
  file: string,
  parameters: readonly Parameter[],
  commandName: string,
  source: string = file,
): Promise<Values> {
  const values: Values = {};
  for (const [key, value] of Object.entries(parseConfig(file, await readText(source)))) {
    const parameter = parameters.find((each) => each.name === key);
    if (parameter === undefined) throw new UsageError(unknownKey(file, key, value, parameters, commandName));
    checkType(file, parameter, value);
    values[parameter.key] = parameter.isPath ? fromFolderOf(file, value, parameter) : value;
  }
  return values;
}

async function readText(file: string): Promise<string> {
  await using handle = await open(file);
  const { size } = await handle.stat();
  if (size > MAX_BYTES) {
    throw new UsageError(
      `A configuration file has at most ${MAX_BYTES} bytes, but '${file}' has ${size}: it is something else.`,
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile());
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new UsageError(`'${file}' is not text in UTF-8, so it is no configuration file.`, { cause });
  }
}

/** The top level of the file. */
function parseConfig(file: string, text: string): Record<string, unknown> {
  const format = path.extname(file).toLowerCase();
  if (format !== '.toml' && format !== '.json') {
    throw new UsageError(`A configuration file ends in .toml or .json; '${file}' does not.`);
  }
  let parsed: unknown;
  try {
    parsed = format === '.toml' ? parse(text) : JSON.parse(text.trim() === '' ? '{}' : text);
  } catch (cause) {
    if (format === '.json')
      throw new UsageError(`'${file}' is not valid JSON: ${describeJsonFault(text)}.`, { cause });
    // smol-toml's message goes on with an excerpt of several lines, and names no line in the first.
    const [message = ''] = messageOf(cause).replace('Invalid TOML document: ', '').split('\n');
    const where = cause instanceof TomlError ? `, line ${cause.line}, column ${cause.column}` : '';
    const problem = `is not valid TOML: ${message.replace(/\.$/, '')}.`;
    throw new UsageError(`'${file}'${where} ${problem}`, { cause });
  }
  if (isTable(parsed)) return parsed;
  throw new UsageError(`'${file}' must hold one object of settings, not ${foundText(parsed)}.`);
}

function unknownKey(
  file: string,
  key: string,
  value: unknown,
  parameters: readonly Parameter[],
  commandName: string,
): string {
  const names = parameters.map((each) => each.name);
  const meant = nearestName(key, names);
  const wayOut =
    meant !== undefined
      ? `Did you mean ${meant}?`
      : isTable(value)
        ? 'Settings stand at the top level, outside of tables.'
        : `The keys are the flags that 'lxmert ${commandName} --help' lists.`;
  return `Unknown key '${shortened(key)}' in '${file}'. ${wayOut}`;
}

function checkType(file: string, parameter: Parameter, value: unknown): void {
  const where = configKey(parameter, file);
  if (parameter.isList && !Array.isArray(value)) {
    const isScalar = ['string', 'number', 'boolean'].includes(typeof value);
    const example = isScalar ? `, as in ${parameter.name} = [${JSON.stringify(value)}]` : '';
    throw new UsageError(`${where} must be a list${example}; it is ${foundText(value)}.`);
  }
  for (const each of parameter.isList ? (value as unknown[]) : [value]) {
    if (typeof each === parameter.type) continue;
    const several = parameter.isList ? 'a list, each of it ' : '';
    throw new UsageError(`${where} must be ${several}${parameter.expectation}, not ${foundText(each)}.`);
  }
}

/** How a key of a file is called in errors. */
export function configKey(parameter: Parameter, file: string): string {
  return `'${parameter.name}' in '${file}'`;
}

/** Paths as this process finds them, for one path or a list. */
function fromFolderOf(file: string, value: unknown, parameter: Parameter): unknown {
  if (Array.isArray(value)) return value.map((each) => fromFolderOf(file, each, parameter));
  const text = String(value);
  if (parameter.hubKind !== undefined && hubNameOf(text, path.dirname(file)) !== undefined) return text;
  // An empty path stays one, for the schema to refuse; joined, it would name the folder.
  return text === '' || path.isAbsolute(text) ? text : path.join(path.dirname(file), text);
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** A line of an error stays a line, whatever the file holds. */
function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 77)}...` : line;
}

function foundText(value: unknown): string {
  if (typeof value === 'string') return `the text '${shortened(value)}'`;
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return `the date ${value.toISOString()}`;
  return typeof value === 'object' && value !== null ? 'a table' : `'${String(value)}'`;
}
