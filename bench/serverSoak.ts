/**
 * @file Ten thousand answered requests, new pictures, refusals and clients that go away, against a real server; ends with 1
 * when memory grows or a request fails. `node dist/bench/serverSoak.js [REQUESTS]`
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Random } from '../src/common/random.js';
import { LxmertClient, LxmertClientError } from '../src/serve/client.js';
import { pictureMaker } from './server/pictures.js';
import { questionOf, writeServedModel } from './server/servedModel.js';
import { startServer } from './server/serverProcess.js';

const numRequests = Number(process.argv[2] ?? 10_000);
if (!Number.isInteger(numRequests) || numRequests < 1000) {
  console.error(`serverSoak takes a whole number of at least 1000, but was given '${process.argv[2]}'.`);
  process.exit(2);
}
const NUM_CLIENTS = 16;
/** Megabytes of pictures that are kept: filled long before the end, so that a full cache is part of the run. */
const CACHE = 8;
/** Requests that fill the heap, the cache and the thread pools. */
const WARM_UP = Math.round(0.2 * numRequests);
/** What may be grown by after that, for the collector's own unsteadiness. */
const TOLERATED_BYTES = 24 * 2 ** 20;

const folder = await mkdtemp(path.join(tmpdir(), 'lxmert-soak-'));
const model = path.join(folder, 'run');
await writeServedModel(model, 'small');
const server = await startServer(['--model', model, '--cache', String(CACHE), '--max-queued', '64']);
const client = new LxmertClient(server.address);
const picture = await pictureMaker();
const random = new Random(1);
const counts = { answered: 0, explained: 0, refused: 0, gone: 0, failed: 0 };
const imageIds: string[] = [];
let begun = 0;
let firstBytes = 0;

/** One request of one of the kinds that servers get. */
async function request(number: number): Promise<void> {
  const kind = random.uniform();
  const imageId = imageIds[random.integer(imageIds.length)] as string;
  if (kind < 0.6) {
    await client.answer({ imageId }, [questionOf(number)]);
    counts.answered++;
  } else if (kind < 0.8) {
    const { imageId: newest } = await client.answer(picture(number), [questionOf(number)]);
    imageIds[random.integer(imageIds.length)] = newest as string;
    counts.answered++;
  } else if (kind < 0.85) {
    await client.explain({ imageId }, questionOf(number));
    counts.explained++;
  } else if (kind < 0.95) {
    await client.answer(new Uint8Array(random.integer(2000)), ['what?']);
  } else {
    const signal = AbortSignal.timeout(random.integer(30));
    await client.answer(picture(-number), [questionOf(number)], { signal });
    counts.answered++;
  }
}

async function oneClient(): Promise<void> {
  while (counts.answered + counts.explained < numRequests) {
    const number = ++begun;
    try {
      await request(number);
    } catch (error) {
      if (error instanceof LxmertClientError && error.status < 500) counts.refused++;
      else if (error instanceof DOMException) counts.gone++;
      else {
        counts.failed++;
        console.error(error);
      }
    }
  }
}

async function report(): Promise<void> {
  const figures = await server.figures();
  const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const resident = server.residentBytes();
  const done = counts.answered + counts.explained;
  if (firstBytes === 0 && done >= WARM_UP) firstBytes = resident;
  console.log(
    `${String(done).padStart(6)} answered, ${counts.refused} refused, ${counts.gone} gone, ${counts.failed} failed: ` +
      `${megabytes(resident)} resident, heap ${megabytes(figures.get('nodejs_heap_size_used_bytes') ?? 0)}, ` +
      `cache ${megabytes(figures.get('lxmert_vision_cache_bytes') ?? 0)}, ` +
      `${figures.get('lxmert_live_tensors') ?? 0} tensors, ${figures.get('lxmert_queue_length') ?? 0} waiting`,
  );
}

try {
  for (let i = 0; i < NUM_CLIENTS; i++) imageIds.push((await client.regions(picture(0.5 + i))).imageId);
  let isDone = false;
  const clients = Promise.all(Array.from({ length: NUM_CLIENTS }, oneClient)).then(() => {
    isDone = true;
  });
  let next = 0;
  while (!isDone) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    if (counts.answered + counts.explained < next) continue;
    await report();
    next += numRequests / 10;
  }
  await clients;
  await report();
  const growth = server.residentBytes() - firstBytes;
  console.log(`Grew by ${(growth / 2 ** 20).toFixed(1)} MiB after the first ${WARM_UP} answers.`);
  if (growth > TOLERATED_BYTES || counts.failed > 0) process.exitCode = 1;
} finally {
  await server.stop();
  await rm(folder, { recursive: true });
}
