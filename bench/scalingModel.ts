/**
 * @file How well training would scale, from measured bytes and assumed machines: the tables of docs/how-it-works/scaling.md.
 * `node dist/bench/scalingModel.js`
 */

import { trainingOperations } from '../src/bench/operations.js';
import { batchOf } from '../src/bench/questions.js';
import { LXMERT_BASE } from '../src/model/index.js';

/** A kind of node and what joins nodes; rates in bytes and operations a second. */
export interface Cluster {
  readonly name: string;
  readonly processesOfNode: number;
  /** Sustained, of one process. */
  readonly operations: number;
  /** Sustained, of one process's memory. */
  readonly memoryRate: number;
  /** Between the processes of a node, each way, of one process. */
  readonly insideRate: number;
  /** Of a node, each way, after protocols. */
  readonly networkRate: number;
  /** Of one message. */
  readonly latency: number;
}

export interface Exchange {
  readonly bytes: number;
  readonly numBuckets: number;
  /** Of the bucket that is ready last: the table of word vectors. */
  readonly lastBucketBytes: number;
}

/** Bytes that clipping and the optimizer move for each parameter: gradient twice; weight and two moments, read and written. */
const OPTIMIZER_BYTES = 4 * 8;

/** Of a step's products, those of the backward pass: two of three. */
const BACKWARD_SHARE = 2 / 3;

/** A ring inside each node, then one over the nodes: each sends 2 (n - 1) / n of the bytes. */
export function reduceSeconds(bytes: number, numNodes: number, numBuckets: number, cluster: Cluster): number {
  const { processesOfNode: m, insideRate, networkRate, latency } = cluster;
  const ring = (n: number, rate: number): number => (2 * ((n - 1) / n) * bytes) / rate;
  const hops = 2 * Math.ceil(Math.log2(Math.max(2, m * numNodes)));
  return ring(m, insideRate) + ring(numNodes, networkRate) + numBuckets * hops * latency;
}

/** What one process does in a step, in seconds. */
export interface StepWork {
  /** Products of the forward and the backward pass. */
  readonly products: number;
  readonly optimizer: number;
}

/**
 * The share of its time in which a process does not wait for others, when each has as many examples whatever the number
 * of nodes. Buckets travel while the backward pass runs, but the last is ready when it ends.
 */
export function efficiency(work: StepWork, exchange: Exchange, numNodes: number, cluster: Cluster): number {
  const { bytes, numBuckets, lastBucketBytes } = exchange;
  const all = reduceSeconds(bytes, numNodes, numBuckets, cluster);
  const last = reduceSeconds(lastBucketBytes, numNodes, 1, cluster);
  const isAlone = numNodes * cluster.processesOfNode === 1;
  const waiting = isAlone ? 0 : Math.max(last, all - BACKWARD_SHARE * work.products);
  const working = work.products + work.optimizer;
  return working / (working + waiting);
}

const gigabits = (count: number): number => (0.8 * count * 1e9) / 8;
const cpu = { processesOfNode: 2, operations: 1.5e12, memoryRate: 100e9, insideRate: 10e9, latency: 50e-6 };
const gpu = { processesOfNode: 8, latency: 10e-6 };
const a100 = { ...gpu, operations: 0.4 * 312e12, memoryRate: 0.8 * 1.55e12, insideRate: 230e9 };
const h100 = { ...gpu, operations: 0.4 * 989e12, memoryRate: 0.8 * 3.35e12, insideRate: 370e9 };
const clusters: readonly Cluster[] = [
  { name: '2 sockets, 10 Gb/s Ethernet', ...cpu, networkRate: gigabits(10) },
  { name: '2 sockets, 25 Gb/s Ethernet', ...cpu, networkRate: gigabits(25) },
  { name: '2 sockets, 100 Gb/s Ethernet', ...cpu, networkRate: gigabits(100) },
  { name: '8 A100, 100 Gb/s Ethernet', ...a100, networkRate: gigabits(100) },
  { name: '8 A100, 400 Gb/s EFA', ...a100, networkRate: gigabits(400) },
  { name: '8 A100, 8 x 200 Gb/s InfiniBand HDR', ...a100, networkRate: gigabits(1600) },
  { name: '8 H100, 8 x 400 Gb/s InfiniBand NDR', ...h100, networkRate: gigabits(3200) },
];
const NODES = [1, 2, 4, 8, 16, 32, 64];
const NUM_ANSWERS = 3129;
const NUM_PARAMETERS = 214e6;
/** Measured by bench/distributedSteps.ts with the full-size model. */
const MEASURED: Exchange = { bytes: 827.4e6, numBuckets: 36, lastBucketBytes: 30_522 * 768 * 4 };

function table(numExamples: number, exchange: Exchange): string {
  const operations = trainingOperations(LXMERT_BASE, batchOf(numExamples), NUM_ANSWERS);
  const rows = clusters.map((cluster) => {
    const work = {
      products: operations / cluster.operations,
      optimizer: (NUM_PARAMETERS * OPTIMIZER_BYTES) / cluster.memoryRate,
    };
    const shares = NODES.map(
      (numNodes) => `${Math.round(100 * efficiency(work, exchange, numNodes, cluster))} %`,
    );
    return `| ${cluster.name} | ${(1000 * (work.products + work.optimizer)).toFixed(0)} ms | ${shares.join(' | ')} |`;
  });
  return [
    `| node, network | work | ${NODES.join(' | ')} |`,
    `| --- | --- |${NODES.map(() => ' --- |').join('')}`,
    ...rows,
  ].join('\n');
}

for (const numExamples of [32, 256]) {
  console.log(`\n${numExamples} examples of each process, ${(MEASURED.bytes / 1e6).toFixed(0)} MB:\n`);
  console.log(table(numExamples, MEASURED));
}
