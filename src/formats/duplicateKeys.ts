/** @file Finds a key that a JSON object has twice, which JSON.parse passes over in silence. */

const mark = /["{}[\],:]/g;

/**
 * The first repeated key at any depth, or undefined.
 *
 * @param text JSON that has been parsed already, so its form is right; texts in it may be of any length
 */
export function findDuplicateKey(text: string): string | undefined {
  // One set of keys for each open object, and undefined for each open array.
  const open: Array<Set<string> | undefined> = [];
  let string: string | undefined;
  mark.lastIndex = 0;
  for (let match = mark.exec(text); match !== null; match = mark.exec(text)) {
    const [found] = match;
    if (found === '"') {
      mark.lastIndex = endOfString(text, match.index);
      string = text.slice(match.index, mark.lastIndex);
      continue;
    }
    if (found === '{') open.push(new Set());
    else if (found === '[') open.push(undefined);
    else if (found === '}' || found === ']') open.pop();
    else if (found === ':' && string !== undefined) {
      const keys = open.at(-1);
      const key = JSON.parse(string) as string;
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
    string = undefined;
  }
  return undefined;
}

/** The position after the closing quote: the first with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); ; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
}
