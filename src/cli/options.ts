/** @file From zod schemas to flags and positional arguments, and from their texts to validated values. */

import { existsSync } from 'node:fs';
import { z } from 'zod';
import { UsageError } from '../common/errors.js';
import { kebabCase } from '../common/kebabCase.js';
import type { HubKind } from '../common/pathSchemas.js';
import { formatCount, formatNumber } from '../formats/numbers.js';
import type { Values } from './command.js';

export {
  detectorPath,
  existingFile,
  existingFiles,
  existingFolder,
  existingPath,
  outputFile,
  outputPath,
  refuseFileThere,
  weightsFile,
  weightsPath,
} from '../common/pathSchemas.js';

/** What a path must lead to. */
type PathKind = 'file' | 'folder' | 'either' | 'new';

/** What the command line has to know of one flag or argument. */
export interface Parameter {
  readonly key: string;
  /** The kebab-case name, without dashes in front. */
  readonly name: string;
  readonly type: 'boolean' | 'number' | 'string';
  readonly isList: boolean;
  readonly isPath: boolean;
  readonly pathKind: PathKind | undefined;
  /** What a model's name on a hub stands for, where one may be given in place of a path. */
  readonly hubKind: HubKind | undefined;
  /** A list whose values may be given with commas between them; not so paths and sentences, which may hold some. */
  readonly takesCommas: boolean;
  /** Must be given: it has neither a default nor `.optional()`. */
  readonly isRequired: boolean;
  readonly defaultValue: unknown;
  readonly choices: readonly string[] | undefined;
  readonly short: string | undefined;
  readonly valueName: string;
  readonly description: string;
  /** What one value must be, as in "a whole number from 1 to 64". */
  readonly expectation: string;
}

/** The parameters of a schema, in the order of its keys. */
export function parametersOf(schema: z.ZodObject): Parameter[] {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonNode;
  const required = new Set(json.required ?? []);
  return Object.entries(json.properties ?? {}).map(([key, node]) => {
    const item = node.type === 'array' ? (node.items ?? {}) : node;
    const type = typeOf(item, key);
    const pathKind = node.pathKind ?? item.pathKind;
    const choices = item.enum?.map(String);
    if (node.description === undefined) throw new Error(`The option '${key}' has no description.`);
    return {
      key,
      name: kebabCase(key),
      type,
      isList: node.type === 'array',
      isPath: pathKind !== undefined,
      pathKind,
      hubKind: node.hubKind ?? item.hubKind,
      takesCommas: node.type === 'array' && pathKind === undefined && item.holdsCommas !== true,
      isRequired: required.has(key),
      defaultValue: node.default,
      choices,
      short: node.short,
      valueName: node.valueName ?? valueNameOf(item, pathKind, choices),
      description: node.description,
      expectation: item.expectation ?? expectationOf(item, pathKind, choices),
    };
  });
}

/**
 * Validates texts from the command line. `given` holds, by key, a string, an array of strings (lists) or a boolean
 * (flags without a value); keys that were not given are absent.
 *
 * @param label How a parameter is called in an error: `--epochs` or `the argument FILE`.
 * @throws UsageError with one sentence about the first value that is wrong.
 */
export function parseValues(
  schema: z.ZodObject,
  given: Values,
  label: (parameter: Parameter) => string,
): Values {
  return validate(schema, readTexts(parametersOf(schema), given), label);
}

/** Texts to values of the parameters' types where they can be read so; {@link validate} refuses the others. */
export function readTexts(parameters: readonly Parameter[], given: Values): Values {
  const values: Values = {};
  for (const parameter of parameters) {
    const value = given[parameter.key];
    if (value !== undefined) values[parameter.key] = convert(parameter, value);
  }
  return values;
}

/**
 * Validates typed values and fills in defaults.
 *
 * @param label How a parameter is called in an error.
 * @throws UsageError with one sentence about the first value that is wrong.
 */
export function validate(schema: z.ZodObject, raw: Values, label: (parameter: Parameter) => string): Values {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const parameter = parametersOf(schema).find((each) => each.key === issue.path[0]);
  // An issue without a key comes from a rule over several options, whose message is a whole sentence.
  if (parameter === undefined) throw new UsageError(issue.message);
  const named = label(parameter);
  const value = raw[parameter.key];
  if (value === undefined) throw new UsageError(`${capitalize(named)} is missing: ${parameter.expectation}.`);
  if (issue.code === 'custom') throw new UsageError(`${capitalize(named)}: ${issue.message}.`);
  const index = issue.path[1];
  const wrong = Array.isArray(value) && typeof index === 'number' ? value[index] : value;
  // A pattern's own words say more than that it is a text.
  if (issue.code === 'invalid_format' && issue.message.startsWith('expected ')) {
    throw new UsageError(
      `${capitalize(named)} must be ${issue.message.slice('expected '.length)}, not '${String(wrong)}'.`,
    );
  }
  if (Array.isArray(value) && typeof index !== 'number')
    throw new UsageError(`${capitalize(named)} ${listFault(issue, value)}.`);
  throw new UsageError(`${capitalize(named)} must be ${parameter.expectation}, not '${String(wrong)}'.`);
}

/** Of a list as a whole: that it has too few or too many values, unless its rule has words of its own. */
function listFault(issue: z.core.$ZodIssue, value: readonly unknown[]): string {
  const found = value.length === 0 ? 'none is given' : `${formatNumber(value.length)} are given`;
  if (issue.message.startsWith('Too small') && issue.code === 'too_small')
    return `takes at least ${formatCount(Number(issue.minimum), 'value')}, and ${found}`;
  if (issue.message.startsWith('Too big') && issue.code === 'too_big')
    return `takes at most ${formatCount(Number(issue.maximum), 'value')}, and ${found}`;
  return `must be ${issue.message}, not '${String(value)}'`;
}

/** The part of JSON Schema that zod makes of option schemas, with this project's own metadata. */
interface JsonNode {
  type?: string;
  properties?: Record<string, JsonNode>;
  required?: string[];
  items?: JsonNode;
  enum?: (string | number)[];
  default?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  pathKind?: PathKind;
  hubKind?: HubKind;
  expectation?: string;
  valueName?: string;
  short?: string;
  holdsCommas?: boolean;
}

function typeOf(node: JsonNode, key: string): Parameter['type'] {
  if (node.type === 'boolean' || node.type === 'string') return node.type;
  if (node.type === 'number' || node.type === 'integer') return 'number';
  throw new Error(
    `The option '${key}' has a type that the command line cannot show: ${JSON.stringify(node)}.`,
  );
}

function valueNameOf(
  node: JsonNode,
  pathKind: PathKind | undefined,
  choices: readonly string[] | undefined,
): string {
  if (choices !== undefined) return choices.join('|');
  if (pathKind !== undefined)
    return { file: 'FILE', folder: 'FOLDER', either: 'PATH', new: 'PATH' }[pathKind];
  return node.type === 'integer' || node.type === 'number' ? 'N' : 'TEXT';
}

function expectationOf(
  node: JsonNode,
  pathKind: PathKind | undefined,
  choices: readonly string[] | undefined,
): string {
  if (choices !== undefined) return choices.length === 1 ? `'${choices[0]}'` : `one of ${choices.join(', ')}`;
  if (pathKind !== undefined) {
    return {
      file: 'an existing file',
      folder: 'an existing folder',
      either: 'an existing file or folder',
      new: 'a path to write to',
    }[pathKind];
  }
  if (node.type === 'integer') return `a whole number${rangeOf(node)}`;
  if (node.type === 'number') return `a number${rangeOf(node)}`;
  if (node.type === 'boolean') return 'true or false';
  return 'a text';
}

function rangeOf(node: JsonNode): string {
  // zod bounds every integer by what a double holds exactly; that bound is not news to anyone.
  const low = node.minimum === Number.MIN_SAFE_INTEGER ? undefined : node.minimum;
  const high = node.maximum === Number.MAX_SAFE_INTEGER ? undefined : node.maximum;
  if (low !== undefined && high !== undefined) return ` from ${low} to ${high}`;
  const bounds: string[] = [];
  if (low !== undefined) bounds.push(`at least ${low}`);
  if (node.exclusiveMinimum !== undefined) bounds.push(`above ${node.exclusiveMinimum}`);
  if (high !== undefined) bounds.push(`at most ${high}`);
  if (node.exclusiveMaximum !== undefined) bounds.push(`below ${node.exclusiveMaximum}`);
  const text = bounds.join(' and ');
  return text === '' ? '' : text.startsWith('at') ? ` of ${text}` : ` ${text}`;
}

/** Texts to numbers where the schema wants numbers; what is no number stays a text for the schema to refuse. */
function convert(parameter: Parameter, value: unknown): unknown {
  if (Array.isArray(value)) {
    const texts = value.map(String).flatMap((text) => {
      if (parameter.takesCommas) return text.split(',');
      return parameter.isPath ? listedPaths(text) : [text];
    });
    return texts.map((text) => convertOne(parameter, text));
  }
  return typeof value === 'string' ? convertOne(parameter, value) : value;
}

/** A path may hold commas itself: one that does not exist is a list where each of its parts does. */
function listedPaths(text: string): string[] {
  if (!text.includes(',') || existsSync(text)) return [text];
  const parts = text.split(',');
  return parts.every((part) => part !== '' && existsSync(part)) ? parts : [text];
}

function convertOne(parameter: Parameter, text: string): unknown {
  if (parameter.type !== 'number') return text;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
