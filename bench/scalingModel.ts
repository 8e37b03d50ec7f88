/**
 * @file How well training would scale, from measured bytes and assumed machines: the tables of docs/scaling.md.
 * `node dist/bench/scalingModel.js`
 */

import { LXMERT_BASE } from '../src/model/index.js';
import { trainingOperations } from './operations.js';
import { batchOf } from './questions.js';

/** A kind of node and what joins nodes; rates in bytes and operations a second. */
export interface Cluster {
  readonly name: string;
  readonly processesOfNode: number;
  /** Sustained, of one process. */
  readonly operations: number;
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

/** Of a step's time, the backward pass: two of three products. */
const BACKWARD_SHARE = 2 / 3;

/** A ring inside each node, then one over the nodes: each sends 2 (n - 1) / n of the bytes. */
export function reduceSeconds(bytes: number, numNodes: number, numBuckets: number, cluster: Cluster): number {
  const { processesOfNode: m, insideRate, networkRate, latency } = cluster;
  const ring = (n: number, rate: number): number => (2 * ((n - 1) / n) * bytes) / rate;
  const hops = 2 * Math.ceil(Math.log2(Math.max(2, m * numNodes)));
  return ring(m, insideRate) + ring(numNodes, networkRate) + numBuckets * hops * latency;
}

/** The share of its time in which a process computes, when each has as many examples whatever the number of nodes. */
export function efficiency(
  computeSeconds: number,
  { bytes, numBuckets, lastBucketBytes }: Exchange,
  numNodes: number,
  cluster: Cluster,
): number {
  const all = reduceSeconds(bytes, numNodes, numBuckets, cluster);
  const last = reduceSeconds(lastBucketBytes, numNodes, 1, cluster);
  const waiting =
    numNodes * cluster.processesOfNode === 1 ? 0 : Math.max(last, all - BACKWARD_SHARE * computeSeconds);
  return computeSeconds / (computeSeconds + waiting);
}

const gigabits = (count: number): number => (0.8 * count * 1e9) / 8;
const gpu = { processesOfNode: 8, latency: 10e-6 };
const a100 = { ...gpu, operations: 0.4 * 312e12, insideRate: 230e9 };
const h100 = { ...gpu, operations: 0.4 * 989e12, insideRate: 370e9 };
const clusters: readonly Cluster[] = [
  { name: '8 A100, 25 Gb/s Ethernet', ...a100, networkRate: gigabits(25) },
  { name: '8 A100, 100 Gb/s Ethernet', ...a100, networkRate: gigabits(100) },
  { name: '8 A100, 400 Gb/s EFA', ...a100, networkRate: gigabits(400) },
  { name: '8 A100, 8 x 200 Gb/s InfiniBand HDR', ...a100, networkRate: gigabits(1600) },
  { name: '8 H100, 8 x 400 Gb/s InfiniBand NDR', ...h100, networkRate: gigabits(3200) },
];
const NODES = [1, 2, 4, 8, 16, 32, 64];
const EXAMPLES_OF_PROCESS = 32;
const NUM_ANSWERS = 3129;
/** Measured by bench/distributedSteps.ts with the full-size model. */
const MEASURED: Exchange = { bytes: 0, numBuckets: 0, lastBucketBytes: 30_522 * 768 * 4 };

function table(exchange: Exchange): string {
  const operations = trainingOperations(LXMERT_BASE, batchOf(EXAMPLES_OF_PROCESS), NUM_ANSWERS);
  const rows = clusters.map((cluster) => {
    const seconds = operations / cluster.operations;
    const shares = NODES.map(
      (numNodes) => `${Math.round(100 * efficiency(seconds, exchange, numNodes, cluster))} %`,
    );
    return `| ${cluster.name} | ${(1000 * seconds).toFixed(0)} ms | ${shares.join(' | ')} |`;
  });
  return [
    `| nodes | computing | ${NODES.join(' | ')} |`,
    `| --- | --- |${NODES.map(() => ' --- |').join('')}`,
    ...rows,
  ].join('\n');
}

console.log(
  `${EXAMPLES_OF_PROCESS} examples of a process, ${(MEASURED.bytes / 1e6).toFixed(0)} MB in float32:\n`,
);
console.log(table(MEASURED));
const halved: Exchange = { ...MEASURED, bytes: MEASURED.bytes / 2 + MEASURED.lastBucketBytes / 2 };
console.log(`\nThe same with dense gradients in bfloat16, ${(halved.bytes / 1e6).toFixed(0)} MB:\n`);
console.log(table(halved));
