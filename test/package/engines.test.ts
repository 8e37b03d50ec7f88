/** @file What is installed beside this package runs on every Node.js that it promises: npm warns its users of each that does not. */

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Locked {
  readonly dev?: boolean;
  /** For one kind of machine alone: left out where it does not fit. */
  readonly optional?: boolean;
  readonly engines?: { readonly node?: string };
}

/** The oldest of each line that package.json names. */
const PROMISED = [
  [20, 19, 0],
  [22, 12, 0],
] as const;

type Version = readonly [number, number, number];

const parse = (text: string): Version => {
  const [major = 0, minor = 0, patch = 0] = text.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return [major, minor, patch];
};
const compare = (a: Version, b: Version): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

/** Whether a version is in a range of npm's, in the forms that packages use: `^20 || >=22`, `18 || 20`, `>=14.17 <25`. */
function isIn(version: Version, range: string): boolean {
  return range.split('||').some((alternative) =>
    alternative
      .trim()
      .replace(/([<>=^~]+)\s+/g, '$1')
      .split(/\s+/)
      .every((part) => {
        const [, operator = '', text = ''] = /^([<>=^~]*)v?(.*)$/.exec(part) ?? [];
        if (text === '' || text === '*' || text === 'x') return true;
        const bound = parse(text);
        const difference = compare(version, bound);
        if (operator === '>=') return difference >= 0;
        if (operator === '>') return difference > 0;
        if (operator === '<') return difference < 0;
        if (operator === '<=') return difference <= 0;
        return version[0] === bound[0] && (operator === '' ? true : difference >= 0);
      }),
  );
}

it.each([
  ['>=18', true],
  ['>=22', false],
  ['18 || 20 || >=22', true],
  ['^18.17.0 || ^20.3.0 || >=21.0.0', true],
  ['^20.20.0', false],
  ['>= 14.17 <20', false],
  ['*', true],
])('reads the range %s', (range, isIncluded) => {
  expect(isIn([20, 19, 0], range)).toBe(isIncluded);
});

it('needs no newer Node.js than package.json says', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, Locked>;
  };
  const installed = Object.entries(packages).filter(
    ([name, { dev, optional }]) => name !== '' && dev !== true && optional !== true,
  );
  expect(installed.length).toBeGreaterThan(50);
  const tooNew = installed.flatMap(([name, { engines }]) =>
    PROMISED.filter((version) => !isIn(version, engines?.node ?? '*')).map(
      (version) => `${name} wants ${engines?.node}, not ${version.join('.')}`,
    ),
  );
  expect(tooNew).toEqual([]);
});
