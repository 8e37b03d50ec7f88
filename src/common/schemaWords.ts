/** @file What is wrong with a value that a schema refused, in words of this program instead of the schema library's. */

import type { z } from 'zod';
import { excerptOfJson } from './excerpt.js';

/** `key 'a.b': expected text, found 3` for the first thing that is wrong; undefined for a value that fits. */
export function findSchemaProblem(schema: z.ZodType, value: unknown): string | undefined {
  const [issue] = schema.safeParse(value, { error: inWords }).error?.issues ?? [];
  if (issue === undefined) return undefined;
  const keys = issue.code === 'unrecognized_keys' ? `: ${issue.keys.join(', ')}` : '';
  const key = issue.path.length === 0 ? '' : `key '${issue.path.join('.')}': `;
  return `${key}${keys === '' ? issue.message : `it has keys that are not known${keys}`}`;
}

/** Types as a person calls them. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
};

/** The phrase about a value, where the schema has none of its own; undefined for what it says well itself. */
export function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  const wanted = expectation(issue);
  return wanted === undefined ? undefined : `expected ${wanted}, found ${foundText(issue.input)}`;
}

function expectation(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return typeName(issue.expected);
    case 'invalid_value':
      return issue.values?.map((value) => JSON.stringify(value)).join(' or ');
    case 'too_small':
      return bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum);
    case 'too_big':
      return bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    case 'invalid_union':
      return ofUnion(issue.errors ?? []);
    // A rule between values that has no phrase of its own.
    case 'custom':
      return 'values that fit together';
    default:
      return undefined;
  }
}

function bound(origin: string | undefined, how: string, limit: unknown): string {
  if (origin === 'string') return how === 'at least' && limit === 1 ? 'text that is not empty' : 'other text';
  return origin === 'array' ? `a list of ${how} ${String(limit)}` : `a number of ${how} ${String(limit)}`;
}

/** Every type that would do; or what is wrong within the one that it is. */
function ofUnion(options: readonly (readonly z.core.$ZodIssue[])[]): string | undefined {
  const firsts = options.flatMap(([first]) => first ?? []);
  const within = firsts.find(({ code, path }) => code !== 'invalid_type' || path.length > 0);
  if (within !== undefined) {
    const key = within.path.length === 0 ? '' : ` for '${within.path.join('.')}'`;
    return `${within.message.replace(/, found .*$/s, '').replace(/^expected /, '')}${key}`;
  }
  const types = firsts.map((issue) => typeName('expected' in issue ? issue.expected : undefined));
  return [...new Set(types)].join(' or ');
}

function typeName(type: string | undefined): string {
  return TYPES[type ?? ''] ?? String(type);
}

function foundText(value: unknown): string {
  return excerptOfJson(value, 60);
}
