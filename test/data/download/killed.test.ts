import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { fetchFile } from '../../../src/data/download/fetchFile.js';
import { compileFolders } from '../../features/compiled.js';
import { temporaryFolder } from '../../features/support.js';
import { randomBytes, serveFile, startServer } from './server.js';

it('a process that is killed leaves a part from which others go on to identical bytes', async () => {
  const content = randomBytes(400_000);
  const folder = temporaryFolder();
  compileFolders(folder, ['common', 'formats', 'features', 'data/download']);
  const script = path.join(folder, 'child.mjs');
  writeFileSync(
    script,
    `import { fetchFile } from './data/download/fetchFile.js';
     await fetchFile([process.argv[2]], process.argv[3], {});`,
  );
  // The first three answers stop in the middle and hold the connection, so that the child is killed at work.
  const server = await startServer((served) => {
    if (served.number >= 3) return serveFile(served, content, { etag: '"v1"' });
    const start = Number(/\d+/.exec(served.request.headers.range ?? '0')![0]);
    const range = { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` };
    served.response.writeHead(start === 0 ? 200 : 206, {
      etag: '"v1"',
      'content-length': String(content.length - start),
      ...(start === 0 ? {} : range),
    });
    served.response.write(content.subarray(start, start + 100_000));
  });
  const target = path.join(folder, 'out', 'file.bin');
  for (let round = 1; round <= 3; round++) {
    const child = spawn(process.execPath, [script, server.url, target], { stdio: 'inherit' });
    const ended = once(child, 'exit');
    const size = (): number => (existsSync(`${target}.part`) ? statSync(`${target}.part`).size : 0);
    while (size() < round * 100_000 && child.exitCode === null) await sleep(5);
    child.kill('SIGKILL');
    await ended;
    expect(child.signalCode).toBe('SIGKILL');
    expect(existsSync(target)).toBe(false);
  }
  await fetchFile([server.url], target, {});
  expect(readFileSync(target).equals(content)).toBe(true);
  expect(server.log).toEqual(['/ -', '/ bytes=100000-', '/ bytes=200000-', '/ bytes=300000-']);
  expect(readdirSync(path.dirname(target))).toEqual(['file.bin']);
});
