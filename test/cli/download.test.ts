/** @file `lxmert download` as a user meets it: what is printed, exit codes, wrong use, Ctrl-C. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../src/cli/catalogue.js';
import { runCommandLine } from '../../src/cli/program.js';
import { serveFile, startServer } from '../data/download/server.js';
import { temporaryFolder } from '../features/support.js';
import { textOf } from '../support/commandLine.js';

const root = temporaryFolder();
let numFolders = 0;
const newFolder = (): string => path.join(root, `c${numFolders++}`);
const questions = Buffer.from(JSON.stringify([{ question_id: 1, sent: 'What is it?' }]));

/** Runs the command as if its output were piped. */
async function run(...words: string[]): Promise<{ stdout: string; stderr: string; exitCode: number }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const streams = { stdout: out, stderr: err } as unknown as Record<'stdout' | 'stderr', NodeJS.WriteStream>;
  const exitCode = await runCommandLine(['download', ...words], { ...streams, entries: catalogue });
  return { stdout: textOf(out), stderr: textOf(err), exitCode };
}

describe('lxmert download', () => {
  it('lists everything with sizes, or a group', async () => {
    const all = await run('--list');
    expect([all.exitCode, all.stderr]).toEqual([0, '']);
    expect(all.stdout).toMatch(/^ {2}bert-vocabulary +232 kB {2}bert\/vocab\.txt$/m);
    expect(all.stdout).toMatch(
      /^ {2}features-coco-train2014 +about 17 GB {2}mscoco_imgfeat\/train2014_obj36\.zip$/m,
    );
    expect(all.stdout).toMatch(/^ {2}vqa-train +size unknown {2}vqa\/train\.json$/m);
    const { list } = JSON.parse((await run('vqa', '--list', '--json')).stdout) as {
      list: { group: string }[];
    };
    expect(new Set(list.map((file) => file.group))).toEqual(new Set(['vqa']));
  });

  it('fetches from a mirror, then leaves alone what is there', async () => {
    const server = await startServer((served) => serveFile(served, questions));
    const folder = newFolder();
    const words = ['vqa-minival', '--output', folder, '--mirror', server.url];
    const planned = await run(...words, '--dry-run');
    expect(planned.stdout).toBe(`${folder}/vqa/minival.json: would be downloaded\n`);
    expect(existsSync(folder)).toBe(false);
    const fetched = await run(...words);
    expect([fetched.exitCode, fetched.stdout]).toEqual([
      0,
      `${folder}/vqa/minival.json: downloaded, ${questions.length} B, no size or checksum is known\n`,
    ]);
    expect(readFileSync(path.join(folder, 'vqa/minival.json')).equals(questions)).toBe(true);
    expect((await run(...words)).stdout).toContain('already there');
    expect(server.log).toEqual(['/vqa/minival.json -']);
    await run(...words, '--force');
    expect(server.log).toHaveLength(2);
  });

  it('ends with 1 and says why when a file that is there is wrong', async () => {
    const folder = newFolder();
    const server = await startServer((served) => serveFile(served, Buffer.from('{"a": 1}')));
    await run('vqa-minival', '--output', folder, '--mirror', server.url);
    writeFileSync(path.join(folder, 'vqa/minival.json'), '{"a": ');
    const { exitCode, stdout, stderr } = await run('vqa-minival', '--output', folder);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('1 of 1 file failed.');
    expect(stderr).toContain('is there already, but it ends in the middle of its JSON. Use --force');
  });

  it('ends with 130 at Ctrl-C, keeps the part, and goes on from it', async () => {
    const server = await startServer((served) => {
      if (served.number > 0) return serveFile(served, questions, { etag: '"v1"' });
      served.response.writeHead(200, { 'content-length': String(questions.length), etag: '"v1"' });
      served.response.write(questions.subarray(0, 10), () =>
        setTimeout(() => process.emit('SIGINT', 'SIGINT'), 200),
      );
    });
    const folder = newFolder();
    const words = ['vqa-minival', '--output', folder, '--mirror', server.url];
    const stopped = await run(...words);
    expect([stopped.exitCode, stopped.stdout]).toEqual([130, '']);
    expect(stopped.stderr).toContain('the same command goes on from there');
    expect(readdirSync(path.join(folder, 'vqa'))).toEqual(['minival.json.part', 'minival.json.part.json']);
    expect((await run(...words)).exitCode).toBe(0);
    expect(readFileSync(path.join(folder, 'vqa/minival.json')).equals(questions)).toBe(true);
    expect(server.log).toEqual(['/vqa/minival.json -', '/vqa/minival.json bytes=10-']);
  });

  it.each([
    [[], 'Name what to download'],
    [['vqa'], '--output FOLDER'],
    [['nothing', '--output', root], "no file or group 'nothing'"],
    [['vqa', '--output', root, '--mirror', 'ftp://a.test'], 'A mirror is the http or https address'],
    [['vqa', '--output', root, '--attempts', '0'], "'0'"],
  ])('%j is wrong use', async (words, message) => {
    const { exitCode, stderr, stdout } = await run(...words);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});
