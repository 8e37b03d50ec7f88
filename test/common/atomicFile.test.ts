import { spawnSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withAtomicFile, writeFileAtomic } from '../../src/common/atomicFile.js';
import { systemFault } from '../../src/common/systemFault.js';

const folder = mkdtempSync(path.join(tmpdir(), 'atomic-'));
const at = (name: string): string => path.join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

describe('a file that is written whole', () => {
  it('takes the place of the one before, or leaves it as it was', async () => {
    await writeFileAtomic(at('new/x.txt'), 'old');
    await writeFileAtomic(at('new/x.txt'), 'new');
    const failing = withAtomicFile(at('new/x.txt'), async ({ handle }) => {
      await handle.writeFile('half');
      throw new Error('no more');
    });
    await expect(failing).rejects.toThrow('no more');
    expect(readFileSync(at('new/x.txt'), 'utf8')).toBe('new');
    expect(readdirSync(at('new'))).toEqual(['x.txt']);
  });

  it('is written into a pipe, which stays one', async () => {
    expect(spawnSync('mkfifo', [at('pipe')]).status).toBe(0);
    const [text] = await Promise.all([readFile(at('pipe'), 'utf8'), writeFileAtomic(at('pipe'), 'through')]);
    expect(text).toBe('through');
    expect(lstatSync(at('pipe')).isFIFO()).toBe(true);
  });

  // By links: a device that lost its place would be missed by all of the machine.
  it.runIf(process.platform === 'linux')('is written to a device, which stays one', async () => {
    symlinkSync('/dev/null', at('nothing'));
    await writeFileAtomic(at('nothing'), 'text');
    symlinkSync('/dev/full', at('full'));
    const error: unknown = await writeFileAtomic(at('full'), 'text').catch((fault: unknown) => fault);
    expect(systemFault(error)?.sentence).toBe(
      `The disk is full while writing '${at('full')}'. Free some space, or name a folder on another disk.`,
    );
    for (const name of ['nothing', 'full']) expect(lstatSync(at(name)).isSymbolicLink(), name).toBe(true);
    expect(readdirSync(folder).filter((name) => name.endsWith('.partial'))).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('is refused by a name of what this process has open', async () => {
    await withAtomicFile(at('other.txt'), async ({ handle }) => {
      const name = `/proc/self/fd/${handle.fd}`;
      await expect(writeFileAtomic(name, 'text')).rejects.toThrow(
        `'${name}' leads to a file here. Name the file itself.`,
      );
    });
  });
});
