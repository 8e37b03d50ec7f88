/** @file A request as a line for a terminal. */

import { FORM, type Operation } from './document.js';
import { addressOf, type Draft, formParts } from './send.js';

/** Longer texts inside a body, such as pictures, are left out of the line. */
const MOST_TEXT = 80;

export function curlOf(
  operation: Operation,
  type: string | undefined,
  draft: Draft,
  hasToken: boolean,
): string {
  const address = new URL(`..${addressOf(operation, draft)}`, document.baseURI).href;
  const words = ['curl'];
  // Never the token itself: lines are copied to where others read them.
  if (hasToken) words.push('-H', '"Authorization: Bearer $TOKEN"');
  if (type === FORM) {
    if (draft.file !== undefined) words.push('-F', quoted(`image=@${draft.file.name}`));
    for (const [name, value] of formParts(operation, draft)) words.push('-F', quoted(`${name}=${value}`));
  } else if (type !== undefined) {
    words.push('-H', quoted(`Content-Type: ${type}`), '-d', quoted(short(draft.json)));
  }
  words.push(quoted(address));
  return words.join(' ');
}

function short(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), (_key, value: unknown) =>
      typeof value === 'string' && value.length > MOST_TEXT ? `${value.slice(0, 12)}...` : value,
    );
  } catch {
    return json;
  }
}

/** As a POSIX shell takes it. */
function quoted(text: string): string {
  return /^[A-Za-z0-9_./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
