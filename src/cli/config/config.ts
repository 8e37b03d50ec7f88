/** @file Where a command's options come from: flags, a configuration file below them, defaults below that. */

import { z } from 'zod';
import type { Command, Values } from '../command.js';
import { existingFile, type Parameter, parametersOf, parseValues, readTexts, validate } from '../options.js';
import { recipeFile, SMALL } from './recipes.js';

/** The flags that every configurable command has beside its own. */
const configOptions = z.strictObject({
  config: existingFile((name) => recipeFile(name) !== undefined)
    .optional()
    .describe(
      'Settings from a TOML or JSON file or a recipe (configs/vqa.toml; small: a small model from scratch); flags win over it',
    ),
  printConfig: z.boolean().default(false).describe('Print all settings as TOML for --config, and stop'),
});

/** The flag of every command that takes models by their names on a hub. */
const hubOptions = z.strictObject({
  yes: z.boolean().default(false).describe('Fetch models that are named and not there without asking'),
});

/** The flags of every command beside `--help`. */
export const commonFlags = [
  { name: 'json', description: 'Print the result as JSON on stdout' },
  { name: 'quiet', description: 'Print neither notices nor progress: results and failures only' },
  { name: 'debug', description: 'Print a stack trace with a failure' },
] as const;

/** Every flag of a command: its own, then that for models of a hub and those for a configuration file where it takes them. */
export function flagsOf(command: Pick<Command, 'arguments' | 'options' | 'configurable'>): Parameter[] {
  const own = parametersOf(command.options);
  const takesNames = [...own, ...parametersOf(command.arguments)].some(
    ({ hubKind }) => hubKind !== undefined,
  );
  return [
    ...own,
    ...(takesNames ? parametersOf(hubOptions) : []),
    ...(command.configurable ? parametersOf(configOptions) : []),
  ];
}

/** The options of one run. */
export interface ResolvedOptions {
  /** Validated, with defaults filled in: what the command runs with. */
  readonly options: Values;
  /** The same before validation, which may transform: what a configuration file would say. */
  readonly settings: Values;
  /** True when the settings are to be printed in place of running. */
  readonly printConfig: boolean;
}

/**
 * Reads the options of a command from its flags and, where `--config` names one, a configuration file.
 *
 * @param given Texts of the flags that stand on the command line, by key.
 * @throws UsageError with one sentence on the first value that is wrong, naming the flag, or the file and its key
 */
export async function resolveOptions(
  name: string,
  command: Pick<Command, 'options' | 'configurable'>,
  given: Values,
): Promise<ResolvedOptions> {
  const flagLabel = (parameter: Parameter): string => `--${parameter.name}`;
  const parameters = parametersOf(command.options);
  const { config, printConfig } = command.configurable
    ? (parseValues(configOptions, given, flagLabel) as z.output<typeof configOptions>)
    : { config: undefined, printConfig: false };
  const recipe = config === undefined ? undefined : recipeFile(config);
  const file = config === SMALL ? recipe : config;
  let fromFile: Values = {};
  let label = flagLabel;
  const fromFlags = readTexts(parameters, given);
  if (file !== undefined) {
    const { configKey, readConfigFile } = await import('./configFile.js');
    fromFile = await readConfigFile(file, parameters, name, recipe);
    label = (parameter) => {
      if (parameter.key in fromFlags) return flagLabel(parameter);
      if (parameter.key in fromFile) return configKey(parameter, file);
      return `--${parameter.name} (or ${configKey(parameter, file)})`;
    };
  }
  const settings: Values = { ...fromFile, ...fromFlags };
  const options = validate(command.options, settings, label);
  for (const { key, defaultValue } of parameters) {
    if (defaultValue !== undefined) settings[key] ??= defaultValue;
  }
  return { options, settings, printConfig };
}
