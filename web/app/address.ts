/** @file What the address of the page says: a sample, a question about it, the model, what was taken away. */

import type { TakenAway } from '../../src/explain/removal.js';
import { awayFrom, awayText, numAway } from '../view/away.js';

export interface Address {
  readonly picture: string;
  readonly question: string | undefined;
  readonly model: string | undefined;
  readonly away: TakenAway;
}

/** Undefined where it names no picture. */
export function readAddress(): Address | undefined {
  const fields = new URLSearchParams(location.hash.slice(1));
  const picture = fields.get('picture');
  if (picture === null) return undefined;
  return {
    picture,
    question: fields.get('question') ?? undefined,
    model: fields.get('model') ?? undefined,
    away: awayFrom(fields.get('without') ?? ''),
  };
}

/**
 * Behind the hash sign, which no server is sent.
 *
 * @param address undefined for a picture of the visitor's own, which no address can name
 * @param isNew whether going back leads to what was there before
 */
export function writeAddress(address: Address | undefined, isNew: boolean): void {
  const hash = address === undefined ? '' : `#${textOf(address)}`;
  if (hash === location.hash) return;
  const url = `${location.pathname}${location.search}${hash}`;
  if (isNew) history.pushState(null, '', url);
  else history.replaceState(null, '', url);
}

function textOf({ picture, question, model, away }: Address): string {
  const fields = new URLSearchParams({ picture });
  if (question !== undefined) fields.set('question', question);
  if (model !== undefined) fields.set('model', model);
  if (numAway(away) > 0) fields.set('without', awayText(away));
  return fields.toString();
}
