/** @file Image ids that mean the same image and differ in form: an ending, a folder, COCO's prefix, a byte-order mark. */

/** An id as messages show it: what cannot be seen is written as an escape. */
export function shownId(id: string): string {
  const visible = JSON.stringify(id)
    .slice(1, -1)
    .replace(
      /[\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060\ufeff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  return `'${visible.length > 80 ? `${visible.slice(0, 80)}...` : visible}'`;
}

/** How two forms differ, and the way to make them one. */
export interface FormDifference {
  /** The id that is known. */
  readonly known: string;
  /** As it stands behind "They differ only by". */
  readonly by: string;
}

/**
 * The known id that differs from `id` in form alone, or undefined.
 *
 * @param known ids by {@link plainForm}, see {@link byPlainForm}
 */
export function formDifference(id: string, known: ReadonlyMap<string, string>): FormDifference | undefined {
  const found = known.get(plainForm(id));
  return found === undefined ? undefined : { known: found, by: differenceBetween(id, found) };
}

/** Ids by their {@link plainForm}; of several with the same, the first. */
export function byPlainForm(ids: Iterable<string>): Map<string, string> {
  const forms = new Map<string, string>();
  for (const id of ids) {
    const form = plainForm(id);
    if (!forms.has(form)) forms.set(form, id);
  }
  return forms;
}

const INVISIBLE = /^[\s\u200b\u2060\ufeff]+|[\s\u200b\u2060\ufeff]+$/g;
const ENDING = /\.(jpe?g|png|webp|bmp|gif|tiff?|heic|avif)$/i;
/** `COCO_val2014_000000262148` */
const COCO_PREFIX = /^coco_[a-z]+20\d\d_(?=\d+$)/;

/** What is left of an id without all that ids of the same image differ in from file to file. */
function plainForm(id: string): string {
  const visible = id.normalize('NFC').replace(INVISIBLE, '');
  const name = visible.slice(Math.max(visible.lastIndexOf('/'), visible.lastIndexOf('\\')) + 1);
  const plain = name.replace(ENDING, '').toLowerCase().replace(COCO_PREFIX, '');
  return /^\d+$/.test(plain) ? plain.replace(/^0+(?=\d)/, '') : plain;
}

/** The first of these that makes the two equal names the difference. */
const STEPS: readonly (readonly [by: string, change: (id: string) => string])[] = [
  ['white space or an invisible character (such as a byte-order mark)', (id) => id.replace(INVISIBLE, '')],
  ['the form of their accents (Unicode normalisation)', (id) => id.normalize('NFC')],
  ['capitals', (id) => id.toLowerCase()],
  ["the ending of the picture's file", (id) => id.replace(ENDING, '')],
  ['a folder before the name', (id) => id.slice(Math.max(id.lastIndexOf('/'), id.lastIndexOf('\\')) + 1)],
  ['zeros in front', (id) => id.replace(/^0+(?=\d+$)/, '')],
  [
    "COCO's prefix and zeros",
    (id) =>
      id
        .toLowerCase()
        .replace(COCO_PREFIX, '')
        .replace(/^0+(?=\d+$)/, ''),
  ],
];

function differenceBetween(a: string, b: string): string {
  return STEPS.find(([, change]) => change(a) === change(b))?.[0] ?? 'their form';
}
