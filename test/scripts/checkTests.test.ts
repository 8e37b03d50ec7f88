/** @file What scripts/check-tests.mjs makes of results that vitest itself wrote, of tests that skip in every way. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const tests = {
  passing: "it('passes', () => {});",
  failing: "it('passes', () => {}); it('fails', () => { throw new Error('no'); });",
  hook: "it('passes', () => {}); describe('all', () => { beforeAll(() => { throw new Error('no'); }); it.skip('a [needs: C compiler]', () => {}); it('b', () => {}); });",
  empty: '',
  withoutRule: `
    it('passes', () => {});
    it.skip('one', () => {});
    describe.skip('two', () => { it('passes', () => {}); });
    it.skipIf(true)('three', () => {});
    it('four', ({ skip }) => skip('a reason'));
    it.todo('five');`,
  withRule: `
    it('passes', () => {});
    needing('C compiler').it('compiles', () => {});
    needing('C compiler').describe.each([1, 2])('case %i', () => { it('links', () => {}); });
    needing('chromium', 'C compiler').it.each(['a'])('shows %s', () => {});`,
};

// Within the project, so that vitest is found.
mkdirSync('build', { recursive: true });
const folder = mkdtempSync(path.resolve('build/check-tests-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface FileResult {
  readonly name: string;
}
let fileResults: readonly FileResult[] = [];

beforeAll(() => {
  const helper = JSON.stringify(path.resolve('test/support/skips.ts'));
  const header = `import { beforeAll, describe, it } from 'vitest';\nimport { needing } from ${helper};\n`;
  for (const [name, text] of Object.entries(tests))
    writeFileSync(path.join(folder, `${name}.test.ts`), header + text);
  writeFileSync(path.join(folder, 'vitest.config.mjs'), 'export default {};');
  const all = path.join(folder, 'all.json');
  const vitest = path.resolve('node_modules/vitest/vitest.mjs');
  const words = [vitest, 'run', `--root=${folder}`, '--reporter=json', `--outputFile=${all}`];
  // Neither a C compiler nor a browser is found there.
  spawnSync(process.execPath, words, { env: { PATH: folder } });
  fileResults = (JSON.parse(readFileSync(all, 'utf8')) as { testResults: FileResult[] }).testResults;
});

/** Judges what vitest wrote of one of the files. */
function judge(name: keyof typeof tests, ...allowed: string[]): { status: number | null; lines: string[] } {
  const testResults = fileResults.filter((each) => path.basename(each.name) === `${name}.test.ts`);
  expect(testResults).toHaveLength(1);
  const file = path.join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify({ testResults }));
  const words = ['scripts/check-tests.mjs', file, ...allowed.flatMap((rule) => ['--allow', rule])];
  const { status, stdout } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  return { status, lines: stdout.trimEnd().split('\n') };
}

describe('results', () => {
  it('are sound where all passes', () => {
    expect(judge('passing')).toEqual({ status: 0, lines: ['1 passed, 0 failed, 0 skipped'] });
  });

  it('are not where a test fails, a hook does, or none runs', () => {
    expect(judge('failing')).toEqual({ status: 1, lines: ['1 passed, 1 failed, 0 skipped'] });
    expect(judge('hook', 'C compiler').status).toBe(1);
    expect(judge('empty')).toEqual({ status: 1, lines: ['0 passed, 0 failed, 0 skipped'] });
  });

  it('are not where a skip has no rule, however it is written', () => {
    expect(judge('withoutRule', 'C compiler')).toEqual({
      status: 1,
      lines: [
        '5 skipped without a rule (see test/support/skips.ts), which is not allowed here',
        '  one',
        '  two passes',
        '  three',
        '  four',
        '  five',
        '1 passed, 0 failed, 5 skipped',
      ],
    });
  });

  it('are sound where the rule of each skip is allowed, and only there', () => {
    expect(judge('withRule', 'C compiler', 'chromium')).toEqual({
      status: 0,
      lines: [
        '3 skipped for want of: C compiler',
        '  compiles [needs: C compiler]',
        '  case 1 [needs: C compiler] links',
        '  case 2 [needs: C compiler] links',
        '1 skipped for want of: chromium',
        '  shows a [needs: chromium]',
        '1 passed, 0 failed, 4 skipped',
      ],
    });
    const { status, lines } = judge('withRule', 'C compiler');
    expect(status).toBe(1);
    expect(lines).toContain('1 skipped for want of: chromium, which is not allowed here');
  });
});
