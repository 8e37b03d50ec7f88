/** @file Gathers the words of sentences as they are written, to put them behind a vocabulary's own. */

import { splitWords, Vocabulary } from '../../text/index.js';

/** Keeps each word once, whatever the number of sentences. */
export class WordCollector {
  readonly #words = new Set<string>();

  add(sentence: string): void {
    for (const word of splitWords(sentence, { lowerCase: true })) this.#words.add(word);
  }

  /** The vocabulary with the gathered words that it has not yet at its end, in the order of code units. */
  extend(vocabulary: Vocabulary): Vocabulary {
    const missing = [...this.#words].filter((word) => vocabulary.id(word) === undefined).sort();
    return new Vocabulary([...vocabulary.entries, ...missing], 'The vocabulary of the sample world');
  }
}
