/** @file Names of models on a hub, `org/name` or `org/name@revision`, told from paths of this machine. */

import { statSync } from 'node:fs';
import path from 'node:path';

export interface HubName {
  /** `unc-nlp/lxmert-vqa-uncased`. */
  readonly name: string;
  /** A branch, a tag or a commit; undefined where none was named. */
  readonly revision: string | undefined;
}

/** What the hubs allow in either part: no dots or hyphens at the ends, and none of either twice. */
const PART = '[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*';
const NAME = new RegExp(
  `^(?=[^/]{1,96}/)(${PART}/(?=[^/@]{1,96}(?:@|$))${PART})(?:@([\\w][\\w./-]{0,199}))?$`,
);

/** Endings of files that hold a model or a part of one: a path that ends so is a path. */
const FILE_ENDING = /\.(pth|pt|bin|safetensors|pkl|caffemodel|onnx|onnx_data|json|txt|zip|gz|tsv)$/i;

/**
 * The name of a model on a hub; undefined for what is none, or is a file or folder of this machine. `runs/vqa` where there is a
 * folder `runs` is a path, so that a slip in one is not looked for elsewhere.
 *
 * @param folder where relative paths begin
 */
export function hubNameOf(text: string, folder = ''): HubName | undefined {
  const [, name, revision] = NAME.exec(text) ?? [];
  if (name === undefined || FILE_ENDING.test(name)) return undefined;
  if (revision !== undefined && /(^|\/)\.|\.\.|\/\/|\/$|\.lock$/.test(revision)) return undefined;
  const owner = name.slice(0, name.indexOf('/'));
  const isHere = [text, name, owner].some(
    (each) => statSync(path.join(folder, each), { throwIfNoEntry: false }) !== undefined,
  );
  return isHere ? undefined : { name, revision };
}

/** As a person writes it. */
export function hubNameText({ name, revision }: HubName): string {
  return revision === undefined ? name : `${name}@${revision}`;
}
