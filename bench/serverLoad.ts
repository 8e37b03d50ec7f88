/**
 * @file Requests a second and latencies of a real server under load from another process, beside what the model gives by
 * itself in the same run. `node dist/bench/serverLoad.js [--small] [--seconds S] [--connections N,...]
 * [--kind seen|fresh] [--precision P] [--json]`
 */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { LxmertClient } from '../src/serve/client.js';
import { runtimeLine } from '../src/torch/runtime.js';
import type { Load, LoadKind } from './server/generator.js';
import { pictureMaker } from './server/pictures.js';
import { writeServedModel } from './server/servedModel.js';
import { type ServerProcess, startServer } from './server/serverProcess.js';
import type { Throughput } from './server/throughput.js';

const { values } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '30' },
    connections: { type: 'string', default: '1,8,32,96' },
    kind: { type: 'string' },
    precision: { type: 'string', default: 'float32' },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const BATCH = 32;
const NUM_IMAGES = 64;
const KINDS = (['seen', 'fresh'] as const).filter((kind) => (values.kind ?? kind) === kind);
const CONNECTIONS = values.connections.split(',').map(Number);
/** Milliseconds: the generator starts, and its connections open. */
const OPENING = 2500;
const run = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));

interface Row extends Load {
  readonly kind: LoadKind;
  readonly connections: number;
  /** Of what the model gives by itself. */
  readonly share: number;
  /** Milliseconds that the server's event loop was late. */
  readonly delay: { readonly p99: number; readonly max: number; readonly opening: number };
  readonly questionsPerBatch: number;
  readonly serverProcessors: number;
}

async function child<Result>(script: string, words: readonly string[]): Promise<Result> {
  const { stdout } = await run(process.execPath, [path.join(here, 'server', script), ...words], {
    maxBuffer: 1 << 24,
  });
  return JSON.parse(stdout) as Result;
}

async function load(
  server: ServerProcess,
  kind: LoadKind,
  connections: number,
  imageIds: readonly string[],
  alone: Throughput,
): Promise<Row> {
  const before = await server.figures();
  const processorBefore = server.processorSeconds();
  const start = performance.now();
  const loading = child<Load>('generator.js', [
    server.address,
    kind,
    String(connections),
    String(seconds),
    ...imageIds,
  ]);
  // All connections open at the same moment, which is late by its nature: that is read apart from what follows.
  await setTimeout(OPENING);
  const opening = await server.figures();
  // Before the end, when all connections are closed with their questions: that is no load any more.
  await setTimeout(1000 * seconds - OPENING);
  const after = await server.figures();
  const found = await loading;
  const grew = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  const delay = (figures: ReadonlyMap<string, number>, quantile: string): number =>
    1000 * (figures.get(`lxmert_event_loop_delay_seconds{quantile="${quantile}"}`) ?? 0);
  return {
    ...found,
    kind,
    connections,
    share: found.requestsPerSecond / alone[kind],
    delay: { p99: delay(after, '0.99'), max: delay(after, '1'), opening: delay(opening, '1') },
    questionsPerBatch: grew('lxmert_questions') / Math.max(1, grew('lxmert_batches')),
    serverProcessors: (server.processorSeconds() - processorBefore) / ((performance.now() - start) / 1000),
  };
}

const folder = await mkdtemp(path.join(tmpdir(), 'lxmert-load-'));
try {
  const model = path.join(folder, 'run');
  await writeServedModel(model, values.small ? 'small' : 'base');
  const throughput = (): Promise<Throughput> =>
    child('throughput.js', [model, String(BATCH), String(seconds / 2), values.precision, String(NUM_IMAGES)]);
  // Before and after: the machine is not equally fast all the time.
  const first = await throughput();
  const server = await startServer([
    ...['--model', model, '--precision', values.precision, '--max-batch', String(BATCH)],
    ...['--cache', '64', '--max-queued', '1000'],
  ]);
  const loads: { kind: LoadKind; connections: number; row: Row }[] = [];
  try {
    const client = new LxmertClient(server.address);
    const picture = await pictureMaker();
    const imageIds: string[] = [];
    for (let i = 0; i < NUM_IMAGES; i++) imageIds.push((await client.regions(picture(i))).imageId);
    for (const kind of KINDS) {
      for (const connections of CONNECTIONS) {
        // New pictures push the kept ones out: they come last.
        loads.push({ kind, connections, row: await load(server, kind, connections, imageIds, first) });
      }
    }
  } finally {
    await server.stop();
  }
  const last = await throughput();
  const alone: Throughput = { seen: (first.seen + last.seen) / 2, fresh: (first.fresh + last.fresh) / 2 };
  const rows = loads.map(({ row }) => ({ ...row, share: row.requestsPerSecond / alone[row.kind] }));
  if (values.json) console.log(JSON.stringify({ runtime: runtimeLine(), alone, first, last, rows }, null, 1));
  else print(alone, [first, last], rows);
} finally {
  await rm(folder, { recursive: true });
}

function print(alone: Throughput, runs: readonly Throughput[], rows: readonly Row[]): void {
  console.log(runtimeLine());
  for (const kind of KINDS) {
    const each = runs.map((one) => one[kind].toFixed(1)).join(' before, ');
    const what = kind === 'seen' ? 'pictures whose regions are cached' : 'new pictures, one question each';
    console.log(
      `\nThe model by itself, batches of ${BATCH}, ${what}: ${alone[kind].toFixed(1)} questions/s (${each} after)`,
    );
    console.log(
      'connections  answers/s  share   p50 ms   p95 ms   p99 ms  batch  loop late p99, max, opening  processors  errors',
    );
    for (const row of rows.filter((each) => each.kind === kind)) {
      const { p50, p95, p99 } = row.latency;
      const cells = [
        String(row.connections).padStart(11),
        row.requestsPerSecond.toFixed(1).padStart(10),
        `${(100 * row.share).toFixed(0)} %`.padStart(6),
        ...[p50, p95, p99].map((value) => value.toFixed(0).padStart(8)),
        row.questionsPerBatch.toFixed(1).padStart(6),
        `${row.delay.p99.toFixed(1)}, ${row.delay.max.toFixed(1)}, ${row.delay.opening.toFixed(1)} ms`.padStart(
          27,
        ),
        `${row.serverProcessors.toFixed(2)} + ${row.ownProcessorShare.toFixed(2)}`.padStart(11),
        String(row.numErrors + row.numRefused).padStart(7),
      ];
      console.log(cells.join(' '));
    }
  }
}
