/** @file `lxmert serve --open`: the address reaches the system's opener, and a machine without one is no failure. */

import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { openBrowser } from '../../src/cli/openBrowser.js';

const folder = mkdtempSync(path.join(tmpdir(), 'open-'));
const opened = path.join(folder, 'opened');
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

function withOpener(lines: string): void {
  const opener = path.join(folder, process.platform === 'darwin' ? 'open' : 'xdg-open');
  writeFileSync(opener, `#!/bin/sh\n${lines}\n`);
  chmodSync(opener, 0o755);
  vi.stubEnv('PATH', `${folder}${path.delimiter}${process.env.PATH}`);
}

it('gives the address to what opens addresses here', async () => {
  withOpener(`printf %s "$1" > '${opened}.part' && mv '${opened}.part' '${opened}'`);
  const said: string[] = [];
  openBrowser('http://127.0.0.1:8080', (line) => said.push(line));
  await expect.poll(() => existsSync(opened), { timeout: 10_000 }).toBe(true);
  expect(readFileSync(opened, 'utf8')).toBe('http://127.0.0.1:8080');
  expect(said).toEqual([]);
});

it.each([
  ['there is none', () => vi.stubEnv('PATH', path.join(folder, 'nothing'))],
  ['it fails', () => withOpener('exit 3')],
])('says so where %s', async (_why, prepare) => {
  prepare();
  const said: string[] = [];
  openBrowser('http://127.0.0.1:8080', (line) => said.push(line));
  await expect.poll(() => said, { timeout: 10_000 }).toHaveLength(1);
  expect(said[0]).toMatch(/^No browser could be started .* open http:\/\/127\.0\.0\.1:8080 yourself\.$/);
});
