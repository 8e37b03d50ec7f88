/** @file What `lxmert doctor` says of models by their names: which hub, which cache, which are there. The hub is not asked. */

import { messageOf } from '../../common/errors.js';
import { formatCount } from '../../formats/numbers.js';
import { cachedNames, findCached, hubSettings, isPublished } from '../../hub/index.js';

export interface ExaminedHub {
  /** What is wrong with the environment's settings; null when nothing is. */
  readonly problem: string | null;
  readonly endpoint: string | null;
  readonly cache: string | null;
  readonly isOffline: boolean;
  /** Where the token comes from; null without one. */
  readonly tokenFrom: string | null;
  /** Published models of LXMERT that are whole in the cache. */
  readonly published: readonly string[];
  /** Models of any kind in the cache. */
  readonly numModels: number;
}

export function examineHub(): ExaminedHub {
  try {
    const { endpoint, cache, isOffline, tokenFrom = null } = hubSettings();
    const names = cachedNames(cache);
    const isWhole = (name: string): boolean => findCached(cache, { name, revision: undefined }) !== undefined;
    const published = names.filter((name) => isPublished(name) && isWhole(name));
    return { problem: null, endpoint, cache, isOffline, tokenFrom, published, numModels: names.length };
  } catch (error) {
    const nothing = { endpoint: null, cache: null, tokenFrom: null, published: [], numModels: 0 };
    return { ...nothing, problem: messageOf(error), isOffline: false };
  }
}

/** Names and values, as `renderExamination` takes them. */
export function hubRows(hub: ExaminedHub): (readonly [string, string])[] {
  const { problem, endpoint, cache, isOffline, tokenFrom, published, numModels } = hub;
  if (problem !== null) return [['model hub', problem]];
  const token = tokenFrom === null ? 'without a token' : `with the token of ${tokenFrom}`;
  const of = published.length === 0 ? 'none of LXMERT' : published.join(', ');
  return [
    ['model hub', isOffline ? 'offline (HF_HUB_OFFLINE): the cache alone' : `${endpoint}, ${token}`],
    ['hub cache', `${cache} (${formatCount(numModels, 'model')}; ${of})`],
  ];
}
