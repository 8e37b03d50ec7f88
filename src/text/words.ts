/**
 * @file Cutting a sentence into words the way BERT's basic tokenizer does: clean, lower-case, strip accents, split
 * (docs/how-it-works/reference-implementation.md, "Sentences").
 */

/** Entries with a meaning of their own. A sentence may hold them as whitespace-separated words by themselves. */
export const SPECIAL_TOKENS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;

/** In code points. A longer word is [UNK] for the tokenizer, whatever the vocabulary holds. */
export const MAX_WORD_LENGTH = 100;

const specialTokens: ReadonlySet<string> = new Set(SPECIAL_TOKENS);

/** What BERT calls punctuation: every ASCII character that is no letter, digit or space, and Unicode category P. */
const punctuation = /([!-/:-@[-`{-~]|\p{P})/u;

/**
 * Dropped without a space in their place: U+FFFD and Unicode category C (controls, joiners, soft hyphens, private
 * use, unassigned, lone surrogates). Vertical tab, form feed and U+0085 are among them, although they look like space.
 */
const dropped = /\ufffd|(?![\t\n\r])\p{C}/gu;

/** Of what is left after {@link dropped}: the space separators, and U+2028 and U+2029. */
const whitespace = /[\t\n\r\u2028\u2029\p{Zs}]+/u;

/** The blocks BERT holds for Chinese characters. Kana and Hangul are outside, as are later extensions of Unicode. */
const ideograph =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b820}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

/** Accents. U+1171E was one in Unicode 14 and is a spacing mark since. */
const nonspacingMark = /[\p{Mn}\u{1171e}]/gu;

const PART_OF_WORD = 0;
const SPACE = 1;
const PUNCTUATION = 2;
const OTHER = 3;

/** The class of each ASCII character; '[' is {@link OTHER} because a special token may begin there. */
const asciiClass = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (character === '[') return OTHER;
  if (character === ' ' || whitespace.test(character)) return SPACE;
  if (code < 32 || code === 127) return OTHER;
  return punctuation.test(character) ? PUNCTUATION : PART_OF_WORD;
});

export interface SplitWordsOptions {
  /** Lower-case and strip accents (uncased BERT, which LXMERT uses). Default true. */
  readonly lowerCase?: boolean;
  /** Stop after this many words. Default: no limit. */
  readonly maxWords?: number;
}

/**
 * The words and punctuation marks of a sentence, in order.
 *
 * Equal to the reference's basic tokenizer, except that a character which Unicode assigned after version 14 (what
 * the reference was run with) is kept where the reference drops it as unassigned.
 */
export function splitWords(text: string, options: SplitWordsOptions = {}): string[] {
  const { lowerCase = true, maxWords = Number.POSITIVE_INFINITY } = options;
  return (
    splitPlainAscii(lowerCase ? text.toLowerCase() : text, maxWords) ?? splitAny(text, lowerCase, maxWords)
  );
}

/** The common case in one pass over an already lower-cased sentence; undefined when it holds anything else. */
function splitPlainAscii(text: string, maxWords: number): string[] | undefined {
  const words: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const kind = asciiClass[text.charCodeAt(i)] ?? OTHER;
    if (kind === PART_OF_WORD) continue;
    if (kind === OTHER) return undefined;
    if (i > start) words.push(text.slice(start, i));
    if (kind === PUNCTUATION) words.push(text.charAt(i));
    if (words.length >= maxWords) return words.slice(0, maxWords);
    start = i + 1;
  }
  if (text.length > start && words.length < maxWords) words.push(text.slice(start));
  return words;
}

/** The rules as written, for every sentence. */
function splitAny(text: string, lowerCase: boolean, maxWords: number): string[] {
  const words: string[] = [];
  for (const chunk of text.replace(dropped, '').replace(ideograph, ' $& ').split(whitespace)) {
    if (specialTokens.has(chunk)) {
      words.push(chunk);
    } else {
      // Case and accents go chunk by chunk: a final sigma depends on what surrounds it, punctuation included.
      const plain = lowerCase ? chunk.toLowerCase().normalize('NFD').replace(nonspacingMark, '') : chunk;
      for (const word of plain.split(punctuation)) if (word !== '') words.push(word);
    }
    if (words.length >= maxWords) return words.slice(0, maxWords);
  }
  return words;
}
