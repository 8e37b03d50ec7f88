/**
 * @file What the official VQA evaluation respells answers by: the metric applies it to predictions and annotators'
 * answers, the reference's answer table was built with it.
 */

/** Marks that are removed or become spaces. Apostrophe, colon and period are not among them. */
export const PUNCTUATION = [...';/[]"{}()=+\\_-><@`,?!'];

/** Words that become digits; `none` is a number too. */
export const NUMBER_WORDS: ReadonlyMap<string, string> = new Map([
  ['none', '0'],
  ...['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'].map(
    (word, i): [string, string] => [word, String(i)],
  ),
]);

export const ARTICLES: ReadonlySet<string> = new Set(['a', 'an', 'the']);

/** Python's `re.UNICODE` is 32, and the official program hands it to `sub` in the place of the count. */
export const MAX_PERIODS_REMOVED = 32;

/**
 * The spellings that come out. What goes in is the same word with exactly one of its apostrophes left out, in every
 * way there is (`couldn't've` comes from `couldnt've` and `couldn'tve`).
 *
 * The official table also has entries that can do nothing, left out here: four with capitals (`Im`, `Ive`, `Id've`,
 * `I'dve`), asked of words in lower case, and `let's` and `she's`, which stand for themselves.
 */
const CONTRACTIONS = `
  ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't
  he'd he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've might've mustn't must've
  needn't not've o'clock oughtn't 'ow's'at shan't she'd've should've shouldn't shouldn't've
  somebody'd've somebody'll somebody's someone'd someone'd've someone'll someone's
  something'd something'd've something'll that's there'd there'd've there're there's
  they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't
  what'll what're what's what've when's where'd where's where've who'd who'd've who'll who's who've
  why'll why're why's won't would've wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're
  you've
`
  .trim()
  .split(/\s+/);

/** From a word without one apostrophe to its full spelling (`vqaEval.py` of the VQA v2 evaluation). */
export const CONTRACTION_SPELLINGS: ReadonlyMap<string, string> = new Map([
  ...CONTRACTIONS.flatMap((word) =>
    [...word.matchAll(/'/g)].map(({ index }): [string, string] => [
      word.slice(0, index) + word.slice(index + 1),
      word,
    ]),
  ),
  // The one entry that goes the other way in the official table; kept, since scores depend on it.
  ["somebody'd", 'somebodyd'],
]);
