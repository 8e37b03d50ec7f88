import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/common/errors.js';
import { RunFolder } from '../../src/train/runFolder.js';

describe('RunFolder', () => {
  it('refuses a folder that holds files, and appends logs', async () => {
    const parent = await mkdtemp(path.join(tmpdir(), 'run-'));
    const run = await RunFolder.create(path.join(parent, 'a', 'b'));
    run.log('one');
    run.log('two');
    run.metrics({ step: 1 });
    expect(await readFile(run.file('log.log'), 'utf8')).toBe('one\ntwo\n');
    expect(await readFile(run.file('metrics.jsonl'), 'utf8')).toBe('{"step":1}\n');
    await expect(RunFolder.create(run.path)).rejects.toThrow(UsageError);
    await rm(parent, { recursive: true });
  });
});
