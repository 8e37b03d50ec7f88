/** @file `npm run test:node` with a made-up npm: which program runs vitest, and that nothing is left behind. */

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'lxmert-test-node-')));
afterAll(() => rmSync(folder, { recursive: true }));
const name = `node-${process.platform}-${process.arch}`;
let numPlaces = 0;

/** Runs the script where `npm` is this shell script, and says what was left in the folder for temporary files. */
function testNode(npm: string, ...words: string[]) {
  const root = path.join(folder, String(numPlaces++));
  const [bin, temporary] = [path.join(root, 'bin'), path.join(root, 'temporary')];
  mkdirSync(bin, { recursive: true });
  mkdirSync(temporary);
  writeFileSync(path.join(bin, 'npm'), `#!/bin/sh\n${npm}\n`);
  chmodSync(path.join(bin, 'npm'), 0o755);
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/test-node.mjs', ...words], {
    encoding: 'utf8',
    env: { PATH: `${bin}:/usr/bin:/bin`, TMPDIR: temporary },
  });
  return { status, stdout, stderr, left: readdirSync(temporary) };
}

/** An npm whose program of Node.js prints its words and where `node` is found, and ends with 7 for vitest. */
const npm = `
test "$1 $2" = "install --prefix" || exit 3
bin="$3/node_modules/${name}/bin"
mkdir -p "$bin"
printf '#!/bin/sh\\necho "node: $*"\\ncommand -v node\\ncase "$1" in *vitest.mjs) exit 7;; esac\\n' > "$bin/node"
chmod +x "$bin/node"
echo "asked for: $(eval echo \\$$#)"`;

describe('npm run test:node', () => {
  it('runs vitest with the version that is named, ends with its exit code, and tidies up', () => {
    const { status, stdout, stderr, left } = testNode(npm, '24', 'test/torch', '--bail=1');
    expect(stderr).toBe('');
    expect(stdout).toContain(`asked for: ${name}@24\n`);
    expect(stdout).toContain(
      `node: ${path.resolve('node_modules/vitest/vitest.mjs')} run test/torch --bail=1\n`,
    );
    expect(stdout).toMatch(/\/temporary\/lxmert-node-\w+\/node_modules\/\S+\/bin\/node\n/);
    expect([status, left]).toEqual([7, []]);
  });

  it('says what npm could not do', () => {
    const unknown = testNode('echo "no such version" >&2; exit 1', '99');
    expect(unknown).toMatchObject({ status: 1, left: [] });
    expect(unknown.stderr).toContain(`npm could not fetch ${name}@99`);
    const empty = testNode('exit 0', '24');
    expect(empty).toMatchObject({ status: 1, left: [] });
    expect(empty.stderr).toContain(`${name}@24 holds no bin/node`);
  });

  it.each([
    [[], 'Name a version.'],
    [['test/torch'], "'test/torch' is no version of Node.js."],
  ])('refuses the words %j', (words, message) => {
    const { status, stderr } = testNode('exit 9', ...words);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain('Usage: npm run test:node -- VERSION');
  });
});
