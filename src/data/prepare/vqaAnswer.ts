/**
 * @file VQA answers in the spelling of the reference's answer table. The rule is that of the official VQA evaluation, as
 * the table's builder applied it (the pre-processing of bottom-up-attention-vqa, which the reference took over); its
 * quirks are part of the rule, since they decide which answers are in the table.
 */

const PUNCTUATION = [...';/[]"{}()=+\\_-><@`,?!'];
/** The rule removes at most so many full stops: it passes a flag (re.UNICODE, 32) where a count belongs. */
const MAX_FULL_STOPS = 32;
const ARTICLES = new Set(['a', 'an', 'the']);
const NUMBERS: ReadonlyMap<string, string> = new Map([
  ['none', '0'],
  ...['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'].map(
    (word, i): [string, string] => [word, String(i)],
  ),
]);

/** Contractions whose spelling without apostrophe is mended. */
const CONTRACTIONS = (
  "ain't aren't can't could've couldn't didn't doesn't don't hadn't hasn't haven't he'd he's how'd how'll how's " +
  "isn't it'd it'll ma'am mightn't might've mustn't must've needn't not've o'clock oughtn't shan't should've " +
  "shouldn't somebody'll somebody's someone'd someone'll someone's something'd something'll that's there'd there're " +
  "there's they'd they'll they're they've 'twas wasn't we've weren't what'll what're what's what've when's where'd " +
  "where's where've who'd who'll who's who've why'll why're why's won't would've wouldn't y'all you'd you'll " +
  "you're you've"
).split(' ');

/** Those with two apostrophes, of which either may be missing. */
const DOUBLE_CONTRACTIONS = (
  "couldn't've hadn't've he'd've it'd've mightn't've she'd've shouldn't've somebody'd've someone'd've something'd've " +
  "there'd've they'd've we'd've who'd've wouldn't've y'all'll you'd've"
).split(' ');

const MENDED: ReadonlyMap<string, string> = new Map<string, string>([
  ...CONTRACTIONS.map((word): [string, string] => [word.replace("'", ''), word]),
  ...DOUBLE_CONTRACTIONS.flatMap((word) => {
    const [start = '', middle = '', end = ''] = word.split("'");
    return [
      [`${start}${middle}'${end}`, word],
      [`${start}'${middle}${end}`, word],
    ] as [string, string][];
  }),
  // The rule's own oddities.
  ["somebody'd", 'somebodyd'],
  ["ow's'at", "'ow's'at"],
  ["'ows'at", "'ow's'at"],
  ["'ow'sat", "'ow's'at"],
  ["yall'd've", "y'all'd've"],
  ["y'alld've", "y'all'd've"],
  ["y'all'dve", "y'all'd've"],
]);

/** A VQA answer without punctuation and articles, in lower case, numbers up to ten as digits. May become empty. */
export function normalizeVqaAnswer(answer: string): string {
  return mendWords(removePunctuation(answer)).replaceAll(',', '');
}

/** A mark is removed where a space is beside it somewhere in the answer, otherwise it becomes a space. */
function removePunctuation(answer: string): string {
  const hasNumberComma = /[0-9],[0-9]/.test(answer);
  let text = answer;
  for (const mark of PUNCTUATION) {
    const isRemoved = hasNumberComma || answer.includes(`${mark} `) || answer.includes(` ${mark}`);
    text = text.replaceAll(mark, isRemoved ? '' : ' ');
  }
  let numRemoved = 0;
  return text.replace(/\.(?![0-9])/g, (stop) => (numRemoved++ < MAX_FULL_STOPS ? '' : stop));
}

function mendWords(text: string): string {
  return text
    .toLowerCase()
    .split(/\s+/)
    .map((word) => NUMBERS.get(word) ?? word)
    .filter((word) => word !== '' && !ARTICLES.has(word))
    .map((word) => MENDED.get(word) ?? word)
    .join(' ');
}
