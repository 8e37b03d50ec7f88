import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/common/errors.js';
import { RUN_FILES, RunFolder } from '../../src/train/runFolder.js';

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

  it('has one writer, whom others are told of, until it ends in whatever way', async () => {
    const parent = await mkdtemp(path.join(tmpdir(), 'run-'));
    const folder = path.join(parent, 'run');
    const run = await RunFolder.create(folder);
    const second = await RunFolder.create(folder);
    await run.startWriting({ isNew: true });
    const holder = `is being written by process ${process.pid}.`;
    await expect(second.startWriting({ isNew: true })).rejects.toThrow(holder);
    await expect(RunFolder.open(folder)).rejects.toThrow(holder);
    await run.endWriting();
    await expect(RunFolder.open(folder)).resolves.toBeInstanceOf(RunFolder);
    // A process of this number that started at another time is another process.
    const owner = { host: hostname(), pid: process.pid, started: '1', token: 'x' };
    await writeFile(run.file(RUN_FILES.writer), JSON.stringify(owner));
    await second.startWriting({ isNew: true });
    await second.endWriting();
    expect(await readdir(folder)).toEqual([]);
    await rm(parent, { recursive: true });
  });

  it('is still a new run when its process was killed before it had a configuration', async () => {
    const parent = await mkdtemp(path.join(tmpdir(), 'run-'));
    const run = await RunFolder.create(path.join(parent, 'run'));
    await run.startWriting({ isNew: true });
    run.log('loading');
    await writeFile(run.file('.config.json.0123456789ab.partial'), '{');
    await run.endWriting();
    await (await RunFolder.open(run.path)).startWriting({ isNew: true });
    await run.endWriting();
    await rm(parent, { recursive: true });
  });

  it('stays as it is when a start is refused', async () => {
    const parent = await mkdtemp(path.join(tmpdir(), 'run-'));
    const run = await RunFolder.create(path.join(parent, 'run'));
    run.logEnd(new Error('other data'));
    expect(await readdir(run.path)).toEqual([]);
    await rm(parent, { recursive: true });
  });
});
