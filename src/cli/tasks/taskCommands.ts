/** @file The commands that the tasks make: `finetune`, `evaluate`, `predict` and `score` for each. */

import type { Task } from '../../tasks/index.js';
import { pretraining, type TaskEntry, tasks } from '../../tasks/registry.js';
import type { CatalogueEntry } from '../catalogueEntry.js';
import type { Command } from '../command.js';

/** One of the commands of each task. */
interface Verb {
  readonly name: 'finetune' | 'evaluate' | 'predict' | 'score';
  readonly summary: (entry: TaskEntry) => string;
  readonly make: (task: Task) => Promise<Command>;
}

const VERBS: readonly Verb[] = [
  {
    name: 'finetune',
    summary: ({ title }) => `Train a model on ${title}`,
    make: async (task) => (await import('./finetune.js')).finetuneCommand(task),
  },
  {
    name: 'evaluate',
    summary: ({ title }) => `Score a model on ${title}`,
    make: async (task) => (await import('./evaluate.js')).evaluateCommand(task),
  },
  {
    name: 'predict',
    summary: ({ title }) => `Write predictions for ${title}`,
    make: async (task) => (await import('./predict.js')).predictCommand(task),
  },
  {
    name: 'score',
    summary: ({ title }) => `Score predictions for ${title} officially`,
    make: async (task) => {
      if (task.score === undefined) throw new Error(`The task '${task.name}' has no official metrics.`);
      return (await import('./score.js')).scoreCommand(task.score);
    },
  },
];

/** The catalogue's lines of one verb, in the order of the registry. */
export function taskCommands(verb: Verb['name']): CatalogueEntry[] {
  const { summary, make } = VERBS.find(({ name }) => name === verb) as Verb;
  return tasks
    .filter(({ hasScore }) => verb !== 'score' || hasScore)
    .map((entry) => ({
      name: `${verb} ${entry.name}`,
      group: 'Models',
      summary: summary(entry),
      load: async () => ({ command: await make((await entry.load()).task) }),
    }));
}

/** The catalogue's lines of pre-training. */
export const pretrainingCommands: Readonly<Record<'pretrain' | 'evaluate', CatalogueEntry>> = {
  pretrain: {
    name: pretraining.name,
    group: 'Models',
    summary: `Pre-train LXMERT on ${pretraining.title}`,
    load: async () => {
      const { pretrainCommand } = await import('./pretrain.js');
      return { command: pretrainCommand((await pretraining.load()).task) };
    },
  },
  evaluate: {
    name: `evaluate ${pretraining.name}`,
    group: 'Models',
    summary: 'Evaluate a pre-trained model on the tasks of pre-training',
    load: async () => {
      const { evaluatePretrainCommand } = await import('./evaluatePretrain.js');
      return { command: evaluatePretrainCommand((await pretraining.load()).task) };
    },
  },
};
