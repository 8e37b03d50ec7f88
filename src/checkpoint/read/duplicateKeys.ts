/** @file Finds a key that a JSON object has twice, which JSON.parse passes over in silence. */

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/gs;

/**
 * The first repeated key at any depth, or undefined.
 *
 * @param text JSON that has been parsed already, so its form is right.
 */
export function findDuplicateKey(text: string): string | undefined {
  // One set of keys for each open object, and undefined for each open array.
  const open: Array<Set<string> | undefined> = [];
  let string: string | undefined;
  for (const [found] of text.matchAll(token)) {
    if (found === '{') open.push(new Set());
    else if (found === '[') open.push(undefined);
    else if (found === '}' || found === ']') open.pop();
    else if (found === ':' && string !== undefined) {
      const keys = open.at(-1);
      const key = JSON.parse(string) as string;
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
    string = found.startsWith('"') ? found : undefined;
  }
  return undefined;
}
