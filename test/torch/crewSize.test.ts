import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect } from 'vitest';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-crew-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

needing('C compiler').it(
  'the crew has as many threads as find a processor, and spends a quota evenly',
  () => {
    const program = path.join(folder, 'crewSize');
    const words = ['-std=c++17', '-O1', '-Wall', '-Wextra', '-Werror', '-Inative/engine'];
    const sources = ['test/support/crewSize.cc', 'native/engine/crew_size.cc'];
    const compiled = spawnSync('c++', [...words, ...sources, '-o', program], { encoding: 'utf8' });
    expect(compiled).toMatchObject({ status: 0, stderr: '' });
    expect(spawnSync(program, { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  },
);
