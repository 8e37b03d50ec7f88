/**
 * @file docs/how-to/own-pictures.md, followed command by command in an empty folder: its data set is learned. Where the
 * data set cannot be fetched there is nothing to follow.
 */

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';

const page = readFileSync('docs/how-to/own-pictures.md', 'utf8');
const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text]) => text as string);
const folder = mkdtempSync(path.join(tmpdir(), 'own-pictures-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a block of the page as a person who copies it, `npx lxmert` being the built program. */
function follow(block: string): { status: number | null; stdout: string; stderr: string } {
  const bin = path.join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(
    path.join(bin, 'npx'),
    `#!/bin/sh\nshift\nexec "${process.execPath}" "${path.resolve('dist/src/cli/main.js')}" "$@"\n`,
  );
  chmodSync(path.join(bin, 'npx'), 0o755);
  const PATH = [bin, path.resolve('build/python/bin'), process.env.PATH].join(path.delimiter);
  // One thread: beside the tests a team would wait for its slowest member.
  const env = { ...process.env, PATH, OMP_NUM_THREADS: '1' };
  return spawnSync('bash', ['-e', '-c', block], {
    cwd: folder,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
}

it('leads from a package of drawings to a model that is right on at least 99 % of its test split', (context) => {
  const [fetching = '', ...others] = blocks;
  expect(fetching).toContain('pip download easy-vqa');
  if (follow(fetching).status !== 0) {
    console.log('easy-vqa cannot be fetched here, so docs/how-to/own-pictures.md was not followed.');
    context.skip();
  }
  const printed = new Map<string, string>();
  for (const block of others) {
    const { status, stdout, stderr } = follow(block);
    expect(status, `${block}\n${stderr}`).toBe(0);
    printed.set(block, stdout);
  }
  const saying = (words: string): string =>
    [...printed].flatMap(([block, stdout]) => (block.includes(words) ? [stdout] : [])).join('\n');
  const [, accuracy, count] = /Accuracy (\S+) % over (\S+) questions/.exec(saying('evaluate custom')) ?? [];
  console.log(`easy-VQA: ${accuracy} % of ${count}`);
  expect(Number(count?.replace(',', ''))).toBe(9673);
  expect(Number(accuracy)).toBeGreaterThanOrEqual(99);
  expect(saying('vocabulary')).toContain('27 are one piece (100.0 %');
  expect(saying('answer pictures')).toMatch(/^ *\d+\.\d % {2}green\n/);
});
