import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { picturesOf } from '../../src/cli/pictures/sitePictures.js';
import { exportModel } from '../../src/export/index.js';
import { type ExportedSite, exportSite, type PictureForSite } from '../../src/export/site/index.js';
import type { WeightsPrecision } from '../../src/runtime/index.js';
import { lxmert } from '../support/commandLine.js';
import { needing } from '../support/skips.js';
import { writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'export-site-'));
const at = (name: string): string => path.join(folder, name);
const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
const picture: PictureForSite = {
  name: 'a',
  ending: '.png',
  bytes: Buffer.from('bytes of a picture'),
  questions: [{ question: 'what?', expected: ['yes'] }],
  objects: [],
  store: null,
};

needing('program').describe('exporting a site', () => {
  beforeAll(async () => {
    await writeSmallRun(at('run'), { featureSize: 2048, pixelRegions: { numBoxes: 6 } });
    for (const precision of ['float32', 'float16'] as const)
      await exportModel({ source: { model: at('run') }, out: at('model'), precision });
    await writeSmallRun(at('detected'), { featureSize: 7 });
    await exportModel({ source: { model: at('detected') }, out: at('reads-detector'), precision: 'float32' });
    await writeSmallRun(at('pairs'), { imagesPerExample: 2 });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const write = (
    out: string,
    options: {
      model?: string;
      precisions?: WeightsPrecision[];
      pictures?: PictureForSite[];
      title?: string;
      detector?: string;
    } = {},
  ): Promise<ExportedSite> =>
    exportSite({ model: at('model'), pictures: [picture], ...options, out: at(out) });
  const filesOf = (site: string): string[] =>
    readdirSync(at(site), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(at(site), path.join(entry.parentPath ?? entry.path, entry.name)))
      .sort();
  const siteJson = (site: string) => JSON.parse(readFileSync(at(`${site}/site.json`), 'utf8'));

  it('writes what the page needs, and nothing else', async () => {
    const { numFiles, numBytes, firstVisitBytes, weights, takesPictures } = await write('site');
    const files = filesOf('site').filter((file) => !file.startsWith('assets/'));
    expect(files).toEqual([
      'engine/ort-wasm-simd-threaded.asyncify.packed',
      'engine/ort-wasm-simd-threaded.packed',
      'index.html',
      'model/answers.json',
      'model/lxmert.json',
      'model/onnx/model.onnx',
      'model/onnx/model_fp16.onnx',
      'model/vocab.txt',
      'pictures/1.png',
      'site.json',
      'sw.js',
    ]);
    const sizes = filesOf('site').map((file) => readFileSync(at(`site/${file}`)).length);
    expect(numFiles).toBe(sizes.length);
    expect(numBytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
    const size = (file: string): number => readFileSync(at(`site/${file}`)).length;
    expect(firstVisitBytes).toBe(
      numBytes - size('engine/ort-wasm-simd-threaded.asyncify.packed') - size('model/onnx/model.onnx'),
    );
    expect(weights.map(({ precision }) => precision)).toEqual(['float16', 'float32']);
    expect(takesPictures).toBe(true);
  });

  it('states the checksums that its page checks, and keeps what is small for visits without a connection', async () => {
    await write('checked');
    const { engines, files } = siteJson('checked');
    const engine = engines['ort-wasm-simd-threaded.wasm'];
    expect(engine.sha256).toBe(sha256(at(`checked/${engine.path}`)));
    expect(gunzipSync(readFileSync(at(`checked/${engine.path}`))).subarray(0, 4)).toEqual(
      Buffer.from('\0asm'),
    );
    expect([...files, 'site.json'].sort()).toEqual(filesOf('checked'));
    const [, list = ''] = /^self\.lxmertSite = (.*);$/m.exec(readFileSync(at('checked/sw.js'), 'utf8')) ?? [];
    const kept: string[] = JSON.parse(list).files;
    expect(kept).toEqual(
      expect.arrayContaining(['index.html', 'site.json', 'model/lxmert.json', 'pictures/1.png']),
    );
    expect(kept.filter((file) => /onnx|packed|sw\.js/.test(file.replace('lxmert-onnx', '')))).toEqual([
      ...kept.filter((file) => file.startsWith('assets/') && file.includes('onnx')),
    ]);
  });

  it('has another service worker whenever anything changes', async () => {
    await write('one');
    await write('same');
    await write('other', { pictures: [{ ...picture, bytes: Buffer.from('other bytes') }] });
    const worker = (site: string): string => readFileSync(at(`${site}/sw.js`), 'utf8');
    expect(worker('same')).toBe(worker('one'));
    expect(worker('other')).not.toBe(worker('one'));
  });

  it('takes along the weights that are named', async () => {
    await write('half', { precisions: ['float16'] });
    expect(filesOf('half').filter((file) => file.endsWith('.onnx'))).toEqual(['model/onnx/model_fp16.onnx']);
    const manifest = JSON.parse(readFileSync(at('half/model/lxmert.json'), 'utf8'));
    expect(manifest.weights.map(({ precision }: { precision: string }) => precision)).toEqual(['float16']);
    for (const [file, { numBytes, sha256: expected }] of Object.entries<{ numBytes: number; sha256: string }>(
      manifest.files,
    )) {
      expect(readFileSync(at(`half/model/${file}`)).length).toBe(numBytes);
      expect(sha256(at(`half/model/${file}`))).toBe(expected);
    }
    await expect(write('never', { precisions: ['int8'] })).rejects.toThrow(/has no int8 weights/);
  });

  it('replaces an earlier site, and nothing beside it', async () => {
    await write('again', { pictures: [picture, picture] });
    writeFileSync(at('outside.txt'), 'stays');
    const description = siteJson('again');
    writeFileSync(
      at('again/site.json'),
      JSON.stringify({ ...description, files: [...description.files, '../outside.txt', at('outside.txt')] }),
    );
    await write('again', { precisions: ['float32'], title: 'A < B & </title>' });
    expect(existsSync(at('again/pictures/2.png'))).toBe(false);
    expect(existsSync(at('again/model/onnx/model_fp16.onnx'))).toBe(false);
    expect(readFileSync(at('outside.txt'), 'utf8')).toBe('stays');
    expect(readFileSync(at('again/index.html'), 'utf8')).toContain(
      '<title>A &#60; B &#38; &#60;/title&#62;</title>',
    );
  });

  it('leaves a folder alone that holds something else', async () => {
    mkdirSync(at('mine'));
    writeFileSync(at('mine/thesis.txt'), 'years of work');
    await expect(write('mine')).rejects.toThrow(`${at('mine')} holds files that are no site of lxmert.`);
    expect(filesOf('mine')).toEqual(['thesis.txt']);
  });

  it('refuses a model that was cut, changed, or is none', async () => {
    for (const [file, change, sentence] of [
      ['onnx/model.onnx', (bytes: Buffer) => bytes.subarray(0, 99), /it was cut short/],
      ['onnx/model.onnx', (bytes: Buffer) => bytes.fill(7, 50, 60), /was changed after the export/],
      ['vocab.txt', (bytes: Buffer) => Buffer.concat([bytes, bytes]), /it is another file/],
    ] as const) {
      rmSync(at('broken'), { recursive: true, force: true });
      cpSync(at('model'), at('broken'), { recursive: true });
      writeFileSync(at(`broken/${file}`), change(readFileSync(at(`broken/${file}`))));
      await expect(write('from-broken', { model: at('broken') })).rejects.toThrow(sentence);
      expect(existsSync(at('from-broken'))).toBe(false);
      // A site that is there stays as it is.
      await write('whole');
      const before = filesOf('whole').map((name) => [name, sha256(at(`whole/${name}`))]);
      await expect(write('whole', { model: at('broken') })).rejects.toThrow(sentence);
      expect(filesOf('whole').map((name) => [name, sha256(at(`whole/${name}`))])).toEqual(before);
    }
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
    await expect(write('none', { model: folder })).rejects.toThrow(
      /has no lxmert\.json, so it is no model that lxmert export onnx wrote\. Name the folder that it wrote/,
    );
    mkdirSync(at('a-run'));
    writeFileSync(at('a-run/config.json'), '{"task":"vqa"}');
    await expect(write('none', { detector: at('a-run') })).rejects.toThrow(
      /has no lxmert\.json, .*: it is the folder of a run\. Export it first: lxmert export onnx /,
    );
  });

  it.each([
    [['--model', 'pairs'], 'reads pairs of pictures, and the page shows one'],
    [['--model', 'reads-detector'], "reads a detector's regions. Give --detector"],
    [['--model', 'model', '--features', 'run'], '--features has the regions of pictures: name their folder'],
    [
      ['--model', 'model', '--pictures', 'run', '--features', 'run'],
      'finds its regions in the pixels itself',
    ],
  ])('says what is missing or too much: %j', async (words, sentence) => {
    const named = words.map((word) => (word.startsWith('--') ? word : at(word)));
    const { exitCode, stderr } = await lxmert('export', 'site', ...named, '--out', at('refused'));
    expect(exitCode).toBeGreaterThan(0);
    expect(stderr).toContain(sentence);
    expect(existsSync(at('refused'))).toBe(false);
  });

  it('refuses pictures that browsers do not show, and too many', async () => {
    mkdirSync(at('photos'));
    const image = sharp({ create: { width: 4, height: 4, channels: 3, background: '#383' } });
    await image.tiff().toFile(at('photos/scan.tif'));
    const read = (source: string) =>
      picturesOf(
        at(source),
        undefined,
        () => undefined,
        () => undefined,
      );
    await expect(read('photos')).rejects.toThrow(/scan\.tif is a TIFF picture, which browsers do not show/);
    mkdirSync(at('many'));
    const png = await image.png().toBuffer();
    for (let i = 0; i < 61; i++) writeFileSync(at(`many/${i}.png`), png);
    await expect(read('many')).rejects.toThrow('has 61 pictures; a page offers at most 60.');
  });
});
