/** @file Settings as the text of a configuration file that gives them again. */

import path from 'node:path';
import { stringify } from 'smol-toml';
import { hubNameOf } from '../../common/hubName.js';
import { version } from '../../common/version.js';
import type { Values } from '../command.js';
import type { Parameter } from '../options.js';

/**
 * Settings as a configuration file, in the order of the command's flags. Paths are absolute, so that the file means
 * the same wherever it is kept.
 *
 * @param settings Values by option key.
 * @param commandName The words after `lxmert`, for the comment at the top of TOML.
 */
export function configText(
  settings: Values,
  {
    parameters,
    commandName,
    format,
  }: { parameters: readonly Parameter[]; commandName: string; format: 'toml' | 'json' },
): string {
  const entries = parameters
    .filter(({ key }) => settings[key] !== undefined)
    .map(
      (each) => [each.name, each.isPath ? absolute(settings[each.key], each) : settings[each.key]] as const,
    );
  if (format === 'json') return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
  const unset = parameters.filter(({ key }) => settings[key] === undefined).map(({ name }) => name);
  return [
    `# lxmert ${commandName}, version ${version()}\n`,
    ...entries.map(([name, value]) => tomlLine(name, value)),
    ...(unset.length > 0 ? [`# Not set: ${unset.join(', ')}\n`] : []),
  ].join('');
}

function absolute(value: unknown, parameter: Parameter): unknown {
  if (Array.isArray(value)) return value.map((each) => absolute(each, parameter));
  const text = String(value);
  return parameter.hubKind !== undefined && hubNameOf(text) !== undefined ? text : path.resolve(text);
}

function tomlLine(name: string, value: unknown): string {
  const isHuge = (each: unknown): boolean => Number.isInteger(each) && !Number.isSafeInteger(each);
  if (!(Array.isArray(value) ? value : [value]).some(isHuge)) return stringify({ [name]: value });
  // TOML reads digits alone as a 64-bit integer, and the parser refuses one that a double cannot hold exactly.
  const texts = [value].flat().map((each) => (each as number).toExponential());
  return `${name} = ${Array.isArray(value) ? `[ ${texts.join(', ')} ]` : texts[0]}\n`;
}
