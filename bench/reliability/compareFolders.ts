/** @file What differs between the outputs of two runs of one command, times and process numbers apart. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Written for people while a run goes on, with times; a run that was interrupted has more of it. */
const DIARIES = /^(log\.log|events\.out\.tfevents\..*)$/;
/** Of the records of a training: what the clock and the process decide. */
const MEASURED = new Set(['examplesPerSecond', 'dataWaitShare', 'residentBytes', 'seconds']);

/** A line for each file that is in one folder only or has other bytes; none when the outputs are the same. */
export function differencesBetween(expected: string, found: string): string[] {
  const [left, right] = [digestsOf(expected), digestsOf(found)];
  const names = [...new Set([...left.keys(), ...right.keys()])].sort();
  return names.flatMap((name) => {
    if (!right.has(name)) return [`${name} is missing`];
    if (!left.has(name)) return [`${name} should not be there`];
    return left.get(name) === right.get(name) ? [] : [`${name} has other bytes`];
  });
}

/** SHA-256 of each file that must be the same. */
function digestsOf(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !DIARIES.test(entry.name));
  return new Map(
    files.map((entry) => {
      const file = path.join(entry.parentPath ?? entry.path, entry.name);
      const content = entry.name === 'metrics.jsonl' ? withoutMeasurements(file) : readFileSync(file);
      return [path.relative(folder, file), createHash('sha256').update(content).digest('hex')];
    }),
  );
}

function withoutMeasurements(file: string): string {
  const lines = readFileSync(file, 'utf8').split('\n');
  const isKept = (key: string, value: unknown): unknown => (MEASURED.has(key) ? undefined : value);
  return lines.map((line) => (line === '' ? '' : JSON.stringify(JSON.parse(line), isKept))).join('\n');
}
