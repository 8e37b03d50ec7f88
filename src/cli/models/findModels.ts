/** @file The models among a command's values, by where they lie; the hub's code is loaded when one is named that is not here. */

import { hubNameOf } from '../../common/hubName.js';
import { weightsStoodFor } from '../../common/savedFiles.js';
import type { Command, FindModels, NamedModel, Values } from '../command.js';
import { parametersOf } from '../options.js';

/** Finds models that are here by itself; where others are among them, `findOnHub` finds all. */
export function modelFinder(findOnHub: FindModels): FindModels {
  return async (named) => {
    const areHere = named.every(({ text }) => hubNameOf(text) === undefined);
    return areHere ? named.map(placeHere) : await findOnHub(named);
  };
}

/** What a path stands for. */
export function placeHere({ text, kind }: NamedModel): string {
  return kind === 'model' ? text : weightsStoodFor(text);
}

/** Replaces every model among validated values by where it lies. */
export async function withModelsFound(
  command: Pick<Command, 'arguments' | 'options'>,
  given: { readonly arguments: Values; readonly options: Values },
  find: FindModels,
): Promise<{ arguments: Values; options: Values }> {
  const result = { arguments: { ...given.arguments }, options: { ...given.options } };
  const named: NamedModel[] = [];
  const places: ((path: string) => void)[] = [];
  for (const part of ['arguments', 'options'] as const) {
    for (const { key, hubKind } of parametersOf(command[part])) {
      const value = result[part][key];
      if (hubKind === undefined || value === undefined) continue;
      const list = [value].flat().map(String);
      if (Array.isArray(value)) result[part][key] = list;
      list.forEach((text, i) => {
        named.push({ text, kind: hubKind });
        places.push((found) => {
          if (Array.isArray(value)) list[i] = found;
          else result[part][key] = found;
        });
      });
    }
  }
  if (named.length === 0) return given;
  for (const [i, found] of (await find(named)).entries()) places[i]?.(found);
  return result;
}
