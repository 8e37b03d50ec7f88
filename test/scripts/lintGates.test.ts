/** Gates of the lint that other programs keep: each lets nothing through of what it is there for. */

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(path.join(os.tmpdir(), 'lxmert-gates-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function run(...command: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

describe('the format of C++', () => {
  // Other machines than these have no clang-format in its package, and the script says so.
  const hasFormatter = process.platform === 'darwin' || process.arch === 'x64';

  it('is held, and --write brings it about', () => {
    write('native/a.cc', '// A file.\nint  f( int a ){return a ;}\n');
    const script = path.resolve('scripts/format-native.mjs');
    const native = path.join(folder, 'native');
    const found = run(script, native);
    if (!hasFormatter) {
      expect(found.text).toContain('is not checked');
      return;
    }
    expect(found.status).toBe(1);
    expect(found.text).toContain('a.cc:2');
    expect(run(script, '--write', native).status).toBe(0);
    expect(run(script, native).status).toBe(0);
  });
});

describe('unused exports and files', () => {
  it('are found by the rules of knip.json; what tests and the doors of rooms use is used', () => {
    copyFileSync('knip.json', path.join(folder, 'knip.json'));
    write(
      'package.json',
      JSON.stringify({ name: 'gates', type: 'module', devDependencies: { vitest: '*', zod: '*' } }),
    );
    write('vitest.config.ts', "export default { test: { include: ['test/**/*.test.ts'] } };\n");
    write('src/model/index.ts', "export { used } from './parts.js';\n");
    write(
      'src/model/parts.ts',
      'export const used = 1;\nexport const tested = 2;\nexport const idle = 3;\nexport type Idle = 4;\n',
    );
    write('src/model/attic.ts', 'export const old = 1;\n');
    write(
      'test/parts.test.ts',
      "import { test } from 'vitest';\nimport { tested } from '../src/model/parts.js';\ntest(String(tested), () => {});\n",
    );
    const { status, text } = run(path.resolve('node_modules/knip/bin/knip.js'), '--directory', folder);
    expect(status).toBe(1);
    expect(text).toMatch(/Unused files \(1\)\nsrc\/model\/attic\.ts/);
    expect(text).toMatch(/Unused devDependencies \(1\)\nzod/);
    expect(text).toMatch(/Unused exports \(1\)\nidle/);
    expect(text).toMatch(/Unused exported types \(1\)\nIdle/);
  });
});
