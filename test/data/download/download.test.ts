import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type DownloadFile,
  isPlainRelativePath,
  readCatalogue,
  selectFiles,
} from '../../../src/data/download/catalogue.js';
import { download } from '../../../src/data/download/download.js';
import { findParts, joinParts } from '../../../src/data/download/joinParts.js';
import { errorOf, temporaryFolder } from '../../features/support.js';
import { makeZip } from '../../formats/zipFile.js';
import { publishedPath } from '../../support/published.js';
import { randomBytes, serveFile, startServer } from './server.js';

const root = temporaryFolder();
let numFolders = 0;
const newFolder = (): string => path.join(root, `d${numFolders++}`);
const content = randomBytes(10_000);
const sha256 = createHash('sha256').update(content).digest('hex');
const quick = { firstWaitMs: 1, numAttempts: 2 };

function entry(name: string, urls: string[], fields: Partial<DownloadFile> = {}): DownloadFile {
  return { name, group: 'group', path: `sub/${name}.bin`, urls, ...fields };
}

function catalogueWith(change: (json: { files: Record<string, unknown>[] }) => void): string {
  const file = path.join(root, `list${numFolders++}.json`);
  const json = {
    formatVersion: 1,
    files: [{ name: 'a', group: 'g', path: 'a.bin', urls: ['https://a.test/a'] } as Record<string, unknown>],
  };
  change(json);
  writeFileSync(file, JSON.stringify(json));
  return file;
}

describe('the list of published files', () => {
  const files = readCatalogue();

  it('is sound, and its groups are the ones the documentation names', () => {
    expect(files.length).toBeGreaterThan(30);
    const page = readFileSync('docs/how-to/download.md', 'utf8');
    for (const group of new Set(files.map((file) => file.group))) expect(page).toContain(`\`${group}\``);
  });

  it('gives files by name or group, each once, in its order', () => {
    const names = selectFiles(files, ['vqa-train', 'weights', 'vqa-train', 'vqa']).map((file) => file.name);
    expect(names[0]).toBe('lxmert-weights');
    expect(names.filter((name) => name === 'vqa-train')).toHaveLength(1);
    expect(names).toContain('vqa-minival');
    expect(() => selectFiles(files, ['vqa', 'coco'])).toThrow("There is no file or group 'coco'");
  });

  it('states sizes and checksums of the real files', () => {
    const known: [string, string][] = [
      ['bert-vocabulary', 'bert/vocab.txt'],
      ['vqa-ans2label', 'lxmert/vqa/trainval_ans2label.json'],
      ['vqa-label2ans', 'lxmert/vqa/trainval_label2ans.json'],
      ['gqa-ans2label', 'lxmert/gqa/trainval_ans2label.json'],
      ['gqa-label2ans', 'lxmert/gqa/trainval_label2ans.json'],
      ['pretraining-answers', 'lxmert/lxmert/all_ans.json'],
      ['nlvr2-dev', 'nlvr2/dev.json'],
      ['detector-objects', 'vg/objects_vocab.txt'],
      ['detector-attributes', 'vg/attributes_vocab.txt'],
    ];
    const stated = files.filter((file) => file.sha256 !== undefined);
    expect(stated.map((file) => file.name).sort()).toEqual(known.map(([name]) => name).sort());
    for (const [name, place] of known) {
      const bytes = readFileSync(publishedPath(place));
      const file = files.find((each) => each.name === name)!;
      expect([file.size, file.sha256], name).toEqual([
        bytes.length,
        createHash('sha256').update(bytes).digest('hex'),
      ]);
    }
  });

  it.each<[string, (json: { files: Record<string, unknown>[] }) => void, string]>([
    [
      'a path that climbs out',
      (json) => void Object.assign(json.files[0]!, { path: '../a' }),
      'files.0.path',
    ],
    [
      'another scheme',
      (json) => void Object.assign(json.files[0]!, { urls: ['file:///a'] }),
      'files.0.urls.0',
    ],
    ['no address', (json) => void Object.assign(json.files[0]!, { urls: [] }), 'either urls or parts'],
    ['an unknown key', (json) => void Object.assign(json.files[0]!, { md5: 'x' }), 'md5'],
    ['one name twice', (json) => void json.files.push({ ...json.files[0], path: 'b' }), 'the name a twice'],
    [
      'one path twice',
      (json) => void json.files.push({ ...json.files[0], name: 'b' }),
      'the path a.bin twice',
    ],
  ])('with %s is refused', (_, change, message) => {
    const file = catalogueWith(change);
    expect(() => readCatalogue(file)).toThrow(message);
    expect(() => readCatalogue(file)).toThrow(file);
  });

  it.each([
    ['a/b.c', true],
    ['..', false],
    ['a/../b', false],
    ['/a', false],
    ['a//b', false],
    ['a\\b', false],
    ['a/./b', false],
    ['C:a', false],
  ])('the path %s: %s', (text, expected) => {
    expect(isPlainRelativePath(text)).toBe(expected);
  });
});

describe('download', () => {
  it('fetches what is missing, skips what is right, refuses what is wrong, and goes on after a failure', async () => {
    const server = await startServer((served) => {
      if (served.request.url === '/gone') served.response.writeHead(404).end();
      else serveFile(served, content);
    });
    const folder = newFolder();
    const fetched = (name: string, fields = {}) => entry(name, [`${server.url}/${name}`], fields);
    const files = [
      fetched('gone'),
      fetched('right', { sha256, size: content.length }),
      fetched('wrong', { size: content.length }),
      fetched('new', { sha256 }),
    ];
    mkdirSync(path.join(folder, 'sub'), { recursive: true });
    writeFileSync(path.join(folder, 'sub/right.bin'), content);
    writeFileSync(path.join(folder, 'sub/wrong.bin'), 'x');

    const planned = await download(files, folder, { ...quick, dryRun: true });
    expect(planned.map((file) => file.status)).toEqual([
      'would-download',
      'there',
      'failed',
      'would-download',
    ]);
    expect(server.log).toEqual([]);

    const results = await download(files, folder, quick);
    expect(results.map((file) => file.status)).toEqual(['failed', 'there', 'failed', 'downloaded']);
    expect(results[0]!.problem).toContain('answered 404');
    expect(results[2]!.problem).toContain(
      'is there already, but it has 1 bytes instead of 10000. Use --force',
    );
    expect(results.map((file) => file.checked)).toEqual([null, 'sha256', null, 'sha256']);
    expect(server.log).toEqual(['/gone -', '/new -']);

    const forced = await download(files.slice(1, 3), folder, { ...quick, force: true });
    expect(forced.map((file) => file.status)).toEqual(['downloaded', 'downloaded']);
    expect(readFileSync(path.join(folder, 'sub/wrong.bin')).equals(content)).toBe(true);
  });

  it('a failed --force leaves the file that was there', async () => {
    const server = await startServer(({ response }) => response.writeHead(404).end());
    const folder = newFolder();
    mkdirSync(path.join(folder, 'sub'), { recursive: true });
    writeFileSync(path.join(folder, 'sub/a.bin'), content);
    const [result] = await download([entry('a', [server.url])], folder, { ...quick, force: true });
    expect(result!.status).toBe('failed');
    expect(readFileSync(path.join(folder, 'sub/a.bin')).equals(content)).toBe(true);
  });

  it('asks for room for all files before the first byte', async () => {
    const server = await startServer((served) => serveFile(served, content));
    const files = ['a', 'b'].map((name) => entry(name, [server.url], { approximateBytes: 5e9 }));
    const free = 9e9;
    const error = await errorOf(() =>
      download(files, newFolder(), { ...quick, freeBytes: async () => free }),
    );
    expect(error.message).toMatch(/^These 2 files: 10 GB are needed in .*, and its disk has 9 GB free\./);
    expect(server.log).toEqual([]);
  });

  it('looks at mirrors first', async () => {
    const server = await startServer((served) => serveFile(served, content));
    const folder = newFolder();
    await download([entry('a', ['http://127.0.0.1:1/'])], folder, { ...quick, mirrors: [`${server.url}/m`] });
    expect(server.log).toEqual(['/m/sub/a.bin -']);
  });

  it('fetches a file in parts, keeps those that are there, joins them and removes them', async () => {
    const half = 5000;
    const server = await startServer((served) =>
      serveFile(served, served.request.url === '/aa' ? content.subarray(0, half) : content.subarray(half)),
    );
    const folder = newFolder();
    const parts = [
      { suffix: '.aa', size: half, urls: [`${server.url}/aa`] },
      { suffix: '.ab', size: half, urls: [`${server.url}/ab`] },
    ];
    const file = entry('a', [], { sha256, parts });
    mkdirSync(path.join(folder, 'sub'), { recursive: true });
    writeFileSync(path.join(folder, 'sub/a.bin.aa'), content.subarray(0, half));
    const [result] = await download([file], folder, quick);
    expect(result).toMatchObject({ status: 'downloaded', numBytes: content.length, checked: 'sha256' });
    expect(server.log).toEqual(['/ab -']);
    expect(readdirSync(path.join(folder, 'sub'))).toEqual(['a.bin']);
    expect(readFileSync(path.join(folder, 'sub/a.bin')).equals(content)).toBe(true);
  });
});

describe('parts that lie beside their target', () => {
  const archive = makeZip([{ name: 'x.tsv', data: content }]);
  const cut = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      archive.subarray((archive.length * i) / count, (archive.length * (i + 1)) / count),
    );

  function lay(names: string[], pieces = cut(names.length)): string {
    const folder = newFolder();
    mkdirSync(folder);
    for (const [i, name] of names.entries()) writeFileSync(path.join(folder, name), pieces[i]!);
    return path.join(folder, 'x.zip');
  }

  it.each([
    [
      Array.from(
        { length: 30 },
        (_, i) => `x.zip.${i < 26 ? 'a' : 'b'}${String.fromCharCode(97 + (i % 26))}`,
      ),
    ],
    [['x.zip.00', 'x.zip.01', 'x.zip.02']],
    [['x.zip.001', 'x.zip.002']],
    [['x.z01', 'x.z02', 'x.z03']],
  ])('%j are joined to the archive and removed', async (names) => {
    const target = lay(names);
    const files = [entry('x', ['http://127.0.0.1:1/'], { path: 'x.zip' })];
    const [result] = await download(files, path.dirname(target), quick);
    expect(result).toMatchObject({ status: 'joined', numBytes: archive.length });
    expect(readdirSync(path.dirname(target))).toEqual(['x.zip']);
    expect(readFileSync(target).equals(archive)).toBe(true);
  });

  it('must be without a gap', async () => {
    const target = lay(['x.zip.aa', 'x.zip.ac']);
    const error = await errorOf(() => findParts(target));
    expect(error.message).toContain('there are x.zip.aa and x.zip.ac, but not x.zip.ab');
  });

  it('must make the file, and stay when they do not', async () => {
    const target = lay(['x.zip.aa', 'x.zip.ab'], cut(3).slice(0, 2));
    const parts = await findParts(target);
    for (const [expected, message] of [
      [{}, 'is not a whole zip archive'],
      [{ size: archive.length }, 'bytes together instead of'],
      [{ sha256 }, 'SHA-256 checksum'],
    ] as const) {
      const error = await errorOf(() => joinParts(parts, target, expected));
      expect(error.message).toContain(message);
      expect(readdirSync(path.dirname(target))).toEqual(['x.zip.aa', 'x.zip.ab']);
    }
    expect(existsSync(target)).toBe(false);
  });

  it('are not taken for parts when they are something else', async () => {
    const target = lay(['x.zip.part', 'x.zip.txt', 'y.zip.aa', 'x.zip.ab']);
    expect(await findParts(target)).toEqual([]);
  });
});
