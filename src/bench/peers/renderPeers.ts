/** @file The comparison with peers as text: tables in Markdown. */

import { formatSeconds } from '../../formats/numbers.js';
import type { PeerComparison, PeerRow } from './comparePeers.js';
import { STATE_NAMES, STATES } from './states.js';

export function renderPeers(comparison: PeerComparison): string {
  const { runtime, versions, numThreads, limits, rows, leftOut } = comparison;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const lines = [
    runtime,
    [`Python: ${packages.join(', ')}`, ...threadsOf(numThreads)].join('; '),
    `Limits in the same run: float32 products ${(limits.float32ProductsPerSecond / 1e9).toFixed(0)} GFLOP/s, reading memory ${(limits.bytesReadPerSecond / 1e9).toFixed(1)} GB/s`,
  ];
  for (const state of STATES) {
    const ofState = rows.filter((row) => row.state === state);
    if (ofState.length === 0) continue;
    const name = STATE_NAMES[state];
    lines.push('', `${name.charAt(0).toUpperCase()}${name.slice(1)}:`, '', ...table(ofState, comparison));
  }
  return [...lines, ...leftOut.flatMap((sentence) => ['', sentence])].join('\n');
}

function table(rows: readonly PeerRow[], { logitErrors }: PeerComparison): string[] {
  const head = [
    'work',
    'who',
    'median',
    'least',
    '99th percentile',
    "of OpenVINO's float32",
    'error of the logits',
  ];
  const cells = rows.map((row, i) => [
    rows[i - 1]?.task === row.task ? '' : row.task,
    row.who,
    formatSeconds(row.medianSeconds),
    formatSeconds(row.minSeconds),
    formatSeconds(row.p99Seconds),
    row.ofReference.toFixed(2),
    logitErrors[row.who]?.toExponential(1) ?? '',
  ]);
  return [head, head.map(() => '---'), ...cells].map((each) => `| ${each.join(' | ')} |`);
}

/** One number where it is the same in all states. */
function threadsOf(numThreads: PeerComparison['numThreads']): string[] {
  const states = STATES.filter((state) => numThreads[state] !== undefined);
  const counts = [...new Set(states.map((state) => numThreads[state] as number))];
  return counts.map((count) => {
    const named = states.filter((state) => numThreads[state] === count).map((state) => STATE_NAMES[state]);
    const threads = count === 1 ? 'one thread' : `${count} threads`;
    return counts.length === 1 ? threads : `${threads} (${named.join(', ')})`;
  });
}
