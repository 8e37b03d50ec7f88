/** @file `lxmert features ...` as a user meets it: what is printed, exit codes, wrong use. */

import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../src/cli/catalogue.js';
import { runCommandLine } from '../../src/cli/program.js';
import { writeObj36 } from '../../src/features/obj36Writer.js';
import { makeRow, makeRows, temporaryFolder } from '../features/support.js';
import { makeZip } from '../formats/zipFile.js';
import { textOf } from '../support/commandLine.js';

const folder = temporaryFolder();
const source = path.join(folder, 'rows.tsv');
const store = path.join(folder, 'store');

/** Runs `lxmert features` as if its output were piped. */
async function features(...words: string[]): Promise<{ stdout: string; stderr: string; exitCode: number }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const streams = { stdout: out, stderr: err } as unknown as Record<'stdout' | 'stderr', NodeJS.WriteStream>;
  const exitCode = await runCommandLine(['features', ...words], { ...streams, entries: catalogue });
  return { stdout: textOf(out), stderr: textOf(err), exitCode };
}

describe('lxmert features', () => {
  beforeAll(async () => {
    await writeObj36(source, makeRows(10));
  });

  it('converts, describes, verifies and converts back', async () => {
    const flags = '--dtype float32 --shard-images 4 --detector pixels --setting boxes=4'.split(' ');
    const converted = await features('convert', source, store, ...flags);
    expect(converted.exitCode, converted.stderr).toBe(0);
    expect(converted.stdout).toMatch(/^\S+store: 10 images in 3 shards, [\d.]+ kB\n$/);
    expect((await features('convert', source, store, ...flags)).stdout).toMatch(/; it was already whole\n$/);

    const info = await features('info', store);
    expect(info.stdout).toMatch(
      /features {4}4 boxes of 6 float32 values\nvalues .*\nboxes .*\nlabels .*\ndetector {4}pixels\n/,
    );
    expect(info.stdout).toContain('settings    boxes=4\n');
    expect(JSON.parse((await features('info', store, '--json')).stdout)).toMatchObject({ numImages: 10 });

    const verified = await features('verify', store);
    expect(verified.exitCode).toBe(0);
    expect(verified.stdout).toMatch(/^features 0 to [\d.]+, [\d.]+ % zeros\nboxes +reach /);
    expect(verified.stdout.endsWith(`\n${store}: 10 images in 3 shards; nothing is wrong.\n`)).toBe(true);

    const back = path.join(folder, 'back.tsv');
    expect((await features('convert', store, back)).stdout).toBe(`${back}: 10 rows\n`);
    expect(readFileSync(back).equals(readFileSync(source))).toBe(true);
  });

  it('ends with 1 where broken rows were left out, when the store was made and when it is there already', async () => {
    const lines = readFileSync(source, 'latin1').split(/(?<=\n)/);
    const table = path.join(folder, 'broken.tsv');
    writeFileSync(table, lines.with(3, `${lines[3]!.slice(0, -12)}\n`).join(''));
    const words = ['convert', table, path.join(folder, 'kept'), '--keep-going'];
    for (const state of ['made', 'there']) {
      const { stdout, exitCode } = await features(...words);
      expect([state, exitCode]).toEqual([state, 1]);
      expect(stdout).toContain('1 broken row left out, listed in ');
    }
    const whole = await features('convert', source, path.join(folder, 'unbroken'), '--keep-going');
    expect([whole.exitCode, whole.stdout]).toEqual([0, expect.not.stringContaining('left out')]);
  });

  it('converts out of a zip archive', async () => {
    const archive = path.join(folder, 'rows.zip');
    const data = readFileSync(source);
    writeFileSync(
      archive,
      makeZip([
        { name: 'a/rows.tsv', data, deflate: true },
        { name: 'b.tsv', data },
      ]),
    );
    const zipped = path.join(folder, 'zipped');
    const converted = await features('convert', archive, zipped, '--member', 'a/rows.tsv');
    expect(converted.exitCode, converted.stderr).toBe(0);
    expect(converted.stdout).toContain('10 images in 1 shard');
    expect((await features('info', zipped)).stdout).toContain('source      rows.tsv\n');
    const several = await features('convert', archive, path.join(folder, 'several'));
    expect([several.exitCode, several.stderr]).toEqual([
      2,
      expect.stringContaining('(--member): a/rows.tsv, b.tsv'),
    ]);
    const plain = await features('convert', source, path.join(folder, 'plain'), '--member', 'x');
    expect([plain.exitCode, plain.stderr]).toEqual([
      2,
      expect.stringContaining('--member names a file in a zip'),
    ]);
  });

  it('counts rows that were left out', async () => {
    const twice = path.join(folder, 'twice.tsv');
    await writeObj36(twice, [...makeRows(3), makeRow(1)]);
    const stopped = await features('convert', twice, path.join(folder, 'twice'));
    expect([stopped.exitCode, stopped.stderr]).toEqual([
      1,
      expect.stringContaining('line 4: image image_1 already has a row above'),
    ]);
    const kept = await features('convert', twice, path.join(folder, 'twice'), '--duplicates', 'first');
    expect(kept.stdout).toMatch(/3 images in 1 shard, .*; 1 row of a repeated image left out\n$/);
  });

  it('ends with 1 when verification finds something', async () => {
    const damaged = path.join(folder, 'damaged');
    await features('convert', source, damaged);
    truncateSync(path.join(damaged, 'shard-00000.safetensors'), 2000);
    const { exitCode, stdout } = await features('verify', damaged);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('but the file ends after 2000 bytes');
  });

  it.each([
    [['info', path.join(folder, 'nowhere')], 'there is no file or folder'],
    [['info', folder], 'holds no feature shards'],
    [['convert', source], "required argument 'to'"],
    [['convert', source, store, '--dtype', 'float8'], "'float8'"],
    [['convert', source, store, '--weights-sha256', 'abc'], "'abc'"],
    [['convert', source, path.join(folder, 'new'), '--setting', 'boxes'], 'NAME=VALUE'],
    [['convert', source, store, '--dtype', 'float16', '--shard-images', '4'], 'another conversion'],
  ])('%j is wrong use', async (words, message) => {
    const { exitCode, stderr, stdout } = await features(...words);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});
