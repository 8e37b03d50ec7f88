import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LxmertError, UsageError } from '../../../src/common/errors.js';
import { streamArray } from '../../../src/data/annotations/jsonStream.js';
import { onlyFile, openRawFiles } from '../../../src/data/prepare/rawFiles.js';
import { type MadeMember, makeZip, temporaryFolder, writeFiles } from './support.js';

const folder = temporaryFolder();

async function archive(name: string, ...members: MadeMember[]): Promise<string> {
  writeFiles(folder, { [name]: makeZip(members) });
  return path.join(folder, name);
}

async function readAll(file: string): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const raw of await openRawFiles([file])) {
    for await (const element of streamArray(raw)) all.push(element);
  }
  return all;
}

describe('openRawFiles', () => {
  it('reads members of archives, packed or stored, each time anew', async () => {
    const numbers = Array.from({ length: 100_000 }, (_, i) => i);
    const file = await archive(
      'good.zip',
      { name: 'inside/', content: '' },
      { name: 'inside/a.json', content: JSON.stringify(numbers) },
      { name: 'b.json', content: '["b"]', isStored: true },
      { name: '__MACOSX/._b.json', content: 'not JSON' },
      { name: 'readme.txt', content: 'hello' },
    );
    const raw = await openRawFiles([file]);
    expect(raw.map((each) => each.baseName)).toEqual(['a.json', 'b.json']);
    expect(await readAll(file)).toEqual([...numbers, 'b']);
    expect(await readAll(file)).toEqual([...numbers, 'b']);
  });

  it('lets go of a member in the middle', async () => {
    const file = await archive('half.zip', {
      name: 'a.json',
      content: JSON.stringify(new Array(300_000).fill('x')),
    });
    const [raw] = await openRawFiles([file]);
    for await (const element of streamArray(raw!)) {
      expect(element).toBe('x');
      break;
    }
  });

  it('looks through folders and those directly below', async () => {
    const root = writeFiles(path.join(folder, 'tree'), {
      'b.json': [],
      'a.json': [],
      'notes.txt': 'x',
      '.hidden.json': [],
      'deeper/c.json': [],
      'deeper/still/d.json': [],
      'z.zip': makeZip([{ name: 'e.json', content: '[]' }]),
    });
    const raw = await openRawFiles([root]);
    expect(raw.map((each) => each.baseName)).toEqual(['a.json', 'b.json', 'c.json', 'e.json']);
    await expect(openRawFiles([path.join(root, 'nowhere')])).rejects.toThrow(UsageError);
  });

  it('reads files with the same content once and says so, and asks which of others is meant', async () => {
    const root = writeFiles(path.join(folder, 'twice'), {
      'a.json': [1],
      'deeper/a.json': [1],
      'packed/a.zip': makeZip([{ name: 'a.json', content: '[1]' }]),
      'packed/a.json.gz': gzipSync('[1]'),
    });
    const notes: string[] = [];
    const find = async (sources: string[], name: RegExp | string) =>
      onlyFile(await openRawFiles(sources), name, (line) => notes.push(line));
    const file = path.join(root, 'a.json');
    expect((await find([root], /^a\.json$/))?.name).toBe(file);
    expect(notes.map((line) => line.replaceAll(root, ''))).toEqual([
      '/deeper/a.json has the same content as /a.json, which is read.',
      '/packed/a.json.gz has the same content as /a.json, which is read.',
      "/packed/a.zip, member 'a.json' has the same content as /a.json, which is read.",
    ]);
    notes.length = 0;
    expect((await find([file, file], 'a.json'))?.name).toBe(file);
    expect(notes).toEqual([`${file} was named twice and is read once.`]);
    expect(await find([root], 'q.json')).toBeUndefined();
    writeFiles(root, { 'deeper/a.json': [2] });
    await expect(find([root], 'a.json')).rejects.toThrow('their contents differ; give only one of them');
  });
});

describe('archives that are not what they should be', () => {
  it.each([
    '../evil.json',
    'a/../../evil.json',
    '/etc/evil.json',
    'C:evil.json',
    '..\\evil.json',
    'a\\b.json',
  ])('the name %j refuses the whole archive', async (name) => {
    const file = await archive('evil.zip', { name: 'a.json', content: '[]' }, { name, content: '[1]' });
    await expect(openRawFiles([file])).rejects.toThrow('a member whose name would lead out of its folder');
    await expect(openRawFiles([file])).rejects.toThrow(LxmertError);
  });

  it('the same name twice', async () => {
    const file = await archive(
      'twice.zip',
      { name: 'a.json', content: '[]' },
      { name: 'a.json', content: '[1]' },
    );
    await expect(openRawFiles([file])).rejects.toThrow("two members named 'a.json'");
  });

  it('a wrong checksum', async () => {
    const file = await archive('sum.zip', { name: 'a.json', content: '[1, 2]', wrongChecksum: true });
    await expect(readAll(file)).rejects.toThrow("sum.zip, member 'a.json' does not have the checksum");
  });

  it('packed bytes that are damaged', async () => {
    const bytes = makeZip([
      { name: 'a.json', content: JSON.stringify(Array.from({ length: 999 }, (_, i) => i * i)) },
    ]);
    bytes.fill(0xff, 60, 200);
    writeFiles(folder, { 'damaged.zip': bytes });
    await expect(readAll(path.join(folder, 'damaged.zip'))).rejects.toThrow(
      "member 'a.json' cannot be unpacked",
    );
  });

  it('cut short, or no archive at all', async () => {
    const bytes = makeZip([{ name: 'a.json', content: '[]' }]);
    writeFiles(folder, { 'cut.zip': bytes.subarray(0, bytes.length - 30), 'text.zip': '[]' });
    for (const name of ['cut.zip', 'text.zip']) {
      await expect(openRawFiles([path.join(folder, name)])).rejects.toThrow(
        `${name} is not a whole zip archive`,
      );
    }
  });

  it('JSON that is cut short inside', async () => {
    const file = await archive('short.zip', { name: 'a.json', content: '[1, [2' });
    await expect(readAll(file)).rejects.toThrow(
      "short.zip, member 'a.json' ends too early, after 6 bytes, at element 1 (counted from 0)",
    );
  });
});

describe('a file whose name and content differ', () => {
  it('is unpacked, where gzip packed it', async () => {
    writeFiles(folder, { 'packed.json': gzipSync('[1, 2]') });
    expect(await readAll(path.join(folder, 'packed.json'))).toEqual([1, 2]);
  });

  it('is named for what it is once it is read', async () => {
    writeFiles(folder, { 'wide.json': Buffer.from('\ufeff[1]', 'utf16le') });
    await expect(readAll(path.join(folder, 'wide.json'))).rejects.toThrow(
      /wide\.json is text in UTF-16 \(save it as UTF-8\); expected official JSON\.$/,
    );
  });
});
