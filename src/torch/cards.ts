/** @file The NVIDIA cards of this machine as the driver tells them, and which of them this process may use. */

import { formatGibibytes } from '../formats/numbers.js';
import { native } from './native.js';

export interface Card {
  /** The driver's number, in the order of the slots; the one that `nvidia-smi` shows. */
  readonly index: number;
  readonly name: string;
  /** As in `GPU-8f6f2d1c-...`. */
  readonly uuid: string;
  /** null for a card that has no memory of its own. */
  readonly totalBytes: number | null;
  readonly freeBytes: number | null;
  /** As in `9.0`; null when the driver does not tell. */
  readonly computeCapability: string | null;
}

/** NVIDIA's driver, and every card that it lets this process see. */
export interface NvidiaDriver {
  readonly driverVersion: string;
  /** The newest version of CUDA that it runs, as in `12.4`; null when it does not tell. */
  readonly cudaDriverVersion: string | null;
  readonly cards: readonly Card[];
}

/** A card that CUDA gives to this process, under the name that `--device` has for it. */
export interface VisibleCard {
  readonly device: `cuda:${number}`;
  /** null for a part of a card (MIG): the list of cards has whole ones only. */
  readonly card: Card | null;
}

/**
 * Asks NVIDIA's management library, which comes with the driver. `LXMERT_NVML` names another file than the one that
 * the system finds.
 *
 * @returns null where there is no driver, or one that does not answer
 */
export function readNvidiaDriver(): NvidiaDriver | null {
  return native().cards(process.env.LXMERT_NVML || 'libnvidia-ml.so.1');
}

/**
 * Which cards a process with this `CUDA_VISIBLE_DEVICES` sees, in the order in which CUDA numbers them. The rules are
 * CUDA's: numbers or beginnings of UUIDs between commas; the first entry that names no card ends the list; a card that
 * is named twice leaves none; an empty text hides all.
 *
 * @param setting undefined when the variable is not set
 */
export function visibleCards(cards: readonly Card[], setting: string | undefined): VisibleCard[] {
  const chosen = setting === undefined ? [...cards] : chosenCards(cards, setting);
  return chosen.map((card, number) => ({ device: `cuda:${number}`, card }));
}

function chosenCards(cards: readonly Card[], setting: string): (Card | null)[] {
  const entries = setting.split(',').map((entry) => entry.trim());
  // A process gets one part of a card at most.
  if (entries[0]?.startsWith('MIG-')) return [null];
  const chosen: Card[] = [];
  for (const entry of entries) {
    const card = namedCard(cards, entry);
    if (card === undefined) break;
    if (chosen.includes(card)) return [];
    chosen.push(card);
  }
  return chosen;
}

/** The card of a number or of a UUID's beginning; undefined when none or several are meant. */
function namedCard(cards: readonly Card[], entry: string): Card | undefined {
  if (entry.startsWith('GPU-')) {
    const matches = cards.filter(({ uuid }) => uuid.startsWith(entry));
    return matches.length === 1 ? matches[0] : undefined;
  }
  // As C's strtoul reads it: what follows the digits does not count.
  const number = /^\+?(\d+)/.exec(entry)?.[1];
  return number === undefined ? undefined : cards.find(({ index }) => index === Number(number));
}

/**
 * Whether CUDA may number the cards in another order than the driver lists them. With cards of several kinds it puts
 * the fastest first, unless `CUDA_DEVICE_ORDER` asks for the order of the slots.
 */
export function isOrderUncertain(cards: readonly Card[], deviceOrder: string | undefined): boolean {
  return deviceOrder !== 'PCI_BUS_ID' && new Set(cards.map(({ name }) => name)).size > 1;
}

/** One line about a card, as in `NVIDIA H100 80GB HBM3, 79.6 GiB (78.9 free), compute capability 9.0`. */
export function describeCard({ name, totalBytes, freeBytes, computeCapability }: Card): string {
  const parts = [name];
  if (totalBytes !== null) {
    const free = freeBytes === null ? '' : ` (${(freeBytes / 2 ** 30).toFixed(1)} free)`;
    parts.push(`${formatGibibytes(totalBytes, 1)}${free}`);
  }
  if (computeCapability !== null) parts.push(`compute capability ${computeCapability}`);
  return parts.join(', ');
}
