/** @file Who answers in turn: the names that their processes know, and what a person calls them. */

import type { AnsweringPrecision } from '../../model/index.js';

/** What is asked. */
export const TASKS = [
  'one question',
  'one question, image already seen',
  '32 questions, each its own image',
] as const;
export type PeerTask = (typeof TASKS)[number];

/** What this project's process begins with. */
export interface OwnHello {
  readonly runtime: string;
  /** Those of the state that it began in. */
  readonly numThreads: number;
}

/** Names of this project's process, before a precision: the second one encodes images before. */
const WHOLE = 'lxmert';
export const SEEN = 'lxmert, seen';

export interface Peer {
  /** As its process (peers.py, ownPeer.ts) knows it. */
  readonly name: string;
  readonly label: string;
  readonly isOwn: boolean;
  readonly tasks: readonly PeerTask[];
}

/** Whom others are held against: float32 arithmetic, as here. */
export const REFERENCE = 'openvino: float32';

const python = (name: string, label: string): Peer => ({
  name,
  label,
  isOwn: false,
  tasks: [TASKS[0], TASKS[2]],
});

const PYTHON_PEERS: readonly Peer[] = [
  python(REFERENCE, 'OpenVINO, float32'),
  python('openvino: as it comes', 'OpenVINO, as it comes'),
  python('onnxruntime: float32', 'ONNX Runtime, float32'),
  python('onnxruntime: int8', 'ONNX Runtime, dynamic int8'),
];

/** @param withEager PyTorch without an export too */
export function peersOf(precisions: readonly AnsweringPrecision[], withEager: boolean): Peer[] {
  const own = precisions.flatMap((precision): Peer[] => [
    {
      name: `${WHOLE}: ${precision}`,
      label: `lxmert, ${precision}`,
      isOwn: true,
      tasks: [TASKS[0], TASKS[2]],
    },
    { name: `${SEEN}: ${precision}`, label: `lxmert, ${precision}`, isOwn: true, tasks: [TASKS[1]] },
  ]);
  return [...own, ...PYTHON_PEERS, ...(withEager ? [python('PyTorch: float32', 'PyTorch, eager')] : [])];
}
