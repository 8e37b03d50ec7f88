/** @file The order in which Python 2.7 walks over a dict of strings: the order of the reference's VQA answer table. */

/** Fresh dicts have room for 8. */
const MIN_SLOTS = 8;
/** A dict with more entries than this doubles when it is full; a smaller one grows fourfold. */
const DOUBLES_ABOVE = 50_000;
const WORD = 64;
const MULTIPLIER = 1_000_003n;

/**
 * `words`, distinct and in order of insertion, in the order of Python 2.7's iteration on a 64-bit machine.
 *
 * The reference's table came out of such a dict. Of the 3,129 answers of the published table every one lies where its
 * hash, or a probe that a collision leads to, puts it in a dict of 2^17 slots; the same counts in the same order
 * therefore give the published order, and heads trained on it fit.
 */
export function pythonDictOrder(words: Iterable<string>): string[] {
  let table = new Slots(MIN_SLOTS);
  for (const word of words) {
    table.insert({ word, hash: pythonHash(word) });
    if (table.size * 3 < table.numSlots * 2) continue;
    const wanted = table.size * (table.size > DOUBLES_ABOVE ? 2 : 4);
    let numSlots = MIN_SLOTS;
    while (numSlots <= wanted) numSlots *= 2;
    const grown = new Slots(numSlots);
    for (const entry of table.entries()) grown.insert(entry);
    table = grown;
  }
  return [...table.entries()].map((entry) => entry.word);
}

/** Python 2.7's hash of a unicode string on a 64-bit machine, without `-R`, as an unsigned word. */
export function pythonHash(text: string): bigint {
  const codes = Array.from(text, (character) => BigInt(character.codePointAt(0)!));
  const first = codes[0];
  if (first === undefined) return 0n;
  let hash = first << 7n;
  for (const code of codes) hash = BigInt.asUintN(WORD, hash * MULTIPLIER) ^ code;
  hash ^= BigInt(codes.length);
  // -1 means an error to Python, which gives -2 instead.
  return hash === BigInt.asUintN(WORD, -1n) ? hash - 1n : hash;
}

/** The slots that a hash leads to, one after another, in a dict of `numSlots` slots (a power of 2). */
export function* pythonProbes(hash: bigint, numSlots: number): Generator<number, never> {
  const mask = BigInt(numSlots - 1);
  let at = hash & mask;
  yield Number(at);
  for (let perturbation = hash; ; perturbation >>= 5n) {
    at = BigInt.asUintN(WORD, at * 5n + perturbation + 1n);
    yield Number(at & mask);
  }
}

interface Entry {
  readonly word: string;
  readonly hash: bigint;
}

class Slots {
  readonly #entries: (Entry | undefined)[];
  size = 0;

  constructor(readonly numSlots: number) {
    this.#entries = new Array<Entry | undefined>(numSlots).fill(undefined);
  }

  insert(entry: Entry): void {
    for (const slot of pythonProbes(entry.hash, this.numSlots)) {
      if (this.#entries[slot] !== undefined) continue;
      this.#entries[slot] = entry;
      this.size++;
      return;
    }
  }

  *entries(): Generator<Entry> {
    for (const entry of this.#entries) if (entry !== undefined) yield entry;
  }
}
