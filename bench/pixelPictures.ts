/**
 * @file Pictures a second that are described from their pixels: by `lxmert extract`, with its start; by posting them one after the
 * other to a server; and what decoding alone allows on all cores. In turn, on drawn scenes of 128 x 128.
 * `node dist/bench/pixelPictures.js [--num-pictures 5000] [--num-posted 600] [--repetitions 3] [--other BUILT_CLONE]... [WORDS OF
 * lxmert serve...]`, which stand after `--`
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { encodePng } from '../src/data/sampleWorld/encodePng.js';
import { renderScene } from '../src/data/sampleWorld/renderScene.js';
import { SceneSource } from '../src/data/sampleWorld/sceneSource.js';
import { LxmertClient } from '../src/serve/client.js';
import { decodeImage } from '../src/vision/decodeImage.js';
import { startServer } from './server/serverProcess.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'num-pictures': { type: 'string', default: '5000' },
    'num-posted': { type: 'string', default: '600' },
    repetitions: { type: 'string', default: '3' },
    /** Another version, whose server is asked too. */
    other: { type: 'string', multiple: true, default: [] },
  },
});
const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
/** Pictures that are decoded at the same time: enough for the decoder's threads. */
const NUM_AT_ONCE = 12;

const folder = mkdtempSync(path.join(tmpdir(), 'pixel-pictures-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const files = await drawPictures(path.join(folder, 'pictures'), Number(values['num-pictures']));

const rates = new Map<string, number[]>();
for (let i = 0; i < Number(values.repetitions); i++) {
  await record('decoding alone', files.length, decodeAll);
  await record('extract', files.length, extractAll);
  await post('server', main);
  for (const other of values.other)
    await post(`server of ${other}`, path.join(other, 'dist/src/cli/main.js'));
}
console.log('| way | pictures a second |\n| --- | --- |');
for (const [way, found] of rates) {
  console.log(`| ${way} | ${Math.min(...found).toFixed(0)} to ${Math.max(...found).toFixed(0)} |`);
}

async function drawPictures(pictures: string, numPictures: number): Promise<string[]> {
  mkdirSync(pictures);
  const source = new SceneSource({ numImages: numPictures, seed: 1 });
  const drawn: string[] = [];
  for (let i = 0; i < numPictures; i++) {
    const scene = source.scene('train', i);
    const file = path.join(pictures, `${scene.imageId}.png`);
    writeFileSync(file, await encodePng(renderScene(scene)));
    drawn.push(file);
  }
  return drawn;
}

async function record(way: string, numPictures: number, work: () => Promise<void> | void): Promise<void> {
  const start = performance.now();
  await work();
  const rate = (1000 * numPictures) / (performance.now() - start);
  rates.set(way, [...(rates.get(way) ?? []), rate]);
}

async function decodeAll(): Promise<void> {
  let next = 0;
  const decodeNext = async (): Promise<void> => {
    while (next < files.length) await decodeImage(readFileSync(files[next++] as string));
  };
  await Promise.all(Array.from({ length: NUM_AT_ONCE }, decodeNext));
}

function extractAll(): void {
  const out = path.join(folder, 'store');
  const words = [
    'extract',
    path.join(folder, 'pictures'),
    '--detector',
    'pixels',
    '--num-boxes',
    '8',
    '--out',
    out,
  ];
  const { status, stderr } = spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The extraction ended with ${status}: ${stderr}`);
  rmSync(out, { recursive: true });
}

async function post(way: string, program: string): Promise<void> {
  const server = await startServer(positionals, program);
  try {
    const client = new LxmertClient(server.address);
    const posted = files.slice(0, Number(values['num-posted'])).map((file) => readFileSync(file));
    await client.features(await encodePng({ width: 16, height: 16, data: new Uint8Array(768).fill(9) }));
    await record(way, posted.length, async () => {
      for (const picture of posted) await client.features(picture);
    });
  } finally {
    await server.stop();
  }
}
