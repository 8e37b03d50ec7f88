/** @file CONTRIBUTING.md walks through files and commands that are there. */

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const text = readFileSync('CONTRIBUTING.md', 'utf8');
const quoted = [...text.matchAll(/`([^`\n]+)`/g)].map(([, words]) => words as string);
const rooms = ['src', 'test', 'native', 'scripts', 'docs', 'examples', 'configs'];
/** What the walk through a task would add. */
const MADE_UP = ['src/tasks/mood.ts', 'test/tasks/mood.test.ts', 'src/train/optimizers/yourOptimizer.ts'];

describe('the walks', () => {
  const paths = quoted.filter((words) => rooms.some((room) => new RegExp(`^${room}/[\\w./-]*$`).test(words)));

  it('name enough files to be checked', () => {
    expect(paths.length).toBeGreaterThan(25);
  });

  it.each([...new Set(paths)].filter((each) => !MADE_UP.includes(each)))('%s is there', (each) => {
    expect(existsSync(each)).toBe(true);
  });

  it('name scripts of package.json', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...text.matchAll(/npm run ([a-z:]+)/g)].map(([, name]) => name as string);
    expect(named).toContain('docs:cli');
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });

  it.each([
    ['src/tasks/task.ts', ['interface Task<', 'trainingLoss', 'activations', 'predictions', 'dump', 'heads']],
    ['src/tasks/answering.ts', ['export function answeringTask(']],
    ['src/data/annotations/record.ts', ['export function checkRecord']],
    ['src/features/row.ts', ['export interface FeatureRow', 'export function findRowProblem']],
    ['src/features/storeWriter.ts', ['export class FeatureStoreWriter']],
    ['src/features/provenance.ts', ['Provenance']],
    ['src/train/optimizers/optimizer.ts', ['export interface Optimizer']],
    ['src/model/functional/mode.ts', ['export function withPlainOperators']],
  ])('%s has what they say is in it', (file, names) => {
    const source = readFileSync(file, 'utf8');
    for (const name of names) expect(source).toContain(name);
  });
});
