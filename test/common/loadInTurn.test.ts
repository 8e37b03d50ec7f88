import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { loadInTurn } from '../../src/common/loadInTurn.js';

const folder = mkdtempSync(path.join(tmpdir(), 'load-'));
afterAll(() => rmSync(folder, { recursive: true }));

function moduleOf(name: string, text: string): URL {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return pathToFileURL(file);
}

it('says which package is missing, and leaves other faults to whoever imports', () => {
  expect(() => loadInTurn(moduleOf('missing.mjs', "import 'no-such-package';"))).toThrow(
    "The package 'no-such-package' is missing where lxmert is installed. Install lxmert again; in a clone, npm ci does.",
  );
  expect(() => loadInTurn(moduleOf('failing.mjs', "throw new Error('no');"))).not.toThrow();
  expect(() => loadInTurn(pathToFileURL(path.join(folder, 'nowhere.mjs')))).not.toThrow();
});
