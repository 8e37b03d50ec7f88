/**
 * @file How soon a page without a server answers in the system's Chromium, and how many answers a second it gives on
 * one thread of WebAssembly. `node dist/bench/site.js SITE [REPETITIONS]` with a folder that `lxmert export site` wrote.
 */

/// <reference lib="dom" />

import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadavg } from 'node:os';
import path from 'node:path';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { medianOf } from '../src/bench/measure.js';

const [site, repetitions = '5'] = process.argv.slice(2);
if (site === undefined) {
  console.error('Name the folder of a site: node dist/bench/site.js SITE [REPETITIONS]');
  process.exit(2);
}
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.png': 'image/png',
};
/** Questions in one measurement, after some that warm up. */
const [NUM_WARM, NUM_ANSWERS] = [20, 200];

let numBytes = 0;
const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const file = path.join(site, pathname === '/' ? 'index.html' : path.normalize(pathname));
  const bytes = await readFile(file).catch(() => undefined);
  numBytes += bytes?.length ?? 0;
  response.writeHead(bytes === undefined ? 404 : 200, {
    'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream',
  });
  response.end(bytes);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
console.log(`${browser.version()}, load ${loadavg()[0]?.toFixed(1)}`);
const firsts: number[] = [];
const seconds: number[] = [];
for (let i = 0; i < Number(repetitions); i++) {
  const context = await browser.newContext();
  numBytes = 0;
  firsts.push(await firstAnswer(context));
  if (i === 0) console.log(`A first visit loads ${(numBytes / 1e6).toFixed(2)} MB until the answer.`);
  seconds.push(await firstAnswer(context));
  await context.close();
}
report('First visit, from opening to the answer', firsts);
report('Second visit', seconds);
console.log(`Answers a second, one thread: ${(await answersPerSecond(browser)).toFixed(1)}`);
await browser.close();
server.close();

/** Milliseconds from opening the page to the answer of the first question. */
async function firstAnswer(context: BrowserContext): Promise<number> {
  const page = await context.newPage();
  const start = performance.now();
  await page.goto(address);
  // The page opens on one.
  await page.locator('.explanation .best').waitFor();
  const took = performance.now() - start;
  await page.close();
  return took;
}

/** Questions one after another to the page's worker, without drawing what comes back. */
async function answersPerSecond(browser: Browser): Promise<number> {
  const script = (await readdir(path.join(site as string, 'assets'))).find((name) =>
    name.startsWith('modelWorker'),
  );
  const page = await browser.newPage();
  await page.goto(`${address}site.json`);
  return await page.evaluate(
    async ({ script, numWarm, numAnswers }) => {
      const base = new URL('./', location.href).href;
      const description = await (await fetch(`${base}site.json`)).json();
      const worker = new Worker(`${base}assets/${script}`, { type: 'module' });
      let id = 0;
      const send = (request: object): Promise<unknown> =>
        new Promise((resolve, reject) => {
          worker.onmessage = ({ data }) => {
            if ('result' in data) resolve(data.result);
            else if ('failure' in data) reject(new Error(data.failure));
          };
          worker.postMessage({ id: id++, request });
        });
      const [{ precision }] = description.weights;
      await send({ kind: 'load', base, site: description, precision, engine: 'wasm' });
      const [{ name, file, questions }] = description.pictures;
      const picture = await (await fetch(base + file)).blob();
      const of = { id: name, picture, name, stored: undefined };
      await send({ kind: 'see', ...of });
      const ask = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++) {
          await send({ kind: 'explain', of, question: questions[i % questions.length].question });
        }
      };
      await ask(numWarm);
      const start = performance.now();
      await ask(numAnswers);
      return (1000 * numAnswers) / (performance.now() - start);
    },
    { script, numWarm: NUM_WARM, numAnswers: NUM_ANSWERS },
  );
}

function report(what: string, milliseconds: readonly number[]): void {
  const text = (value: number): string => `${(value / 1000).toFixed(2)} s`;
  const [least, median] = [Math.min(...milliseconds), medianOf(milliseconds)];
  console.log(`${what}: ${text(least)} minimum, ${text(median)} median of ${milliseconds.length}`);
}
