/** @file The page about the tasks (docs/reference/tasks.md), made from the task objects themselves. */

import type { Task } from '../tasks/index.js';
import { pretraining, type TaskEntry, tasks } from '../tasks/registry.js';

const opening = `# Tasks

<!-- Made from the tasks' own descriptions by \`npm run docs:cli\`; a test fails when it is behind them. -->

A task is one object that says everything that tells it apart: its data, its heads, its loss, its scores, the file that it
writes, its settings. The commands below are made from it; [cli.md](cli.md) has their flags. A task of one's own is such an
object too: [CONTRIBUTING.md](../../CONTRIBUTING.md) leads through one.
`;

/** The whole page as Markdown. */
export async function renderTaskReference(): Promise<string> {
  const loaded = await Promise.all(tasks.map(async (entry) => ({ entry, task: (await entry.load()).task })));
  const { task: first } = await pretraining.load();
  const overview = [
    '| task | images | answers | heads | loss | commands |',
    '| --- | --- | --- | --- | --- | --- |',
    ...loaded.map(({ entry, task }) => overviewRow(entry, task)),
  ];
  const pretrainingLines = [
    `## ${first.title}`,
    '',
    `\`lxmert ${first.name}\`, \`lxmert evaluate ${first.name}\`: one model, one loss for each head, added by the weights that flags give.`,
    '',
    '| head | loss in logs | tensors |',
    '| --- | --- | --- |',
    ...first.heads.map(({ name, title, prefix }) => `| ${name} | \`${title}\` | \`${prefix}.*\` |`),
    '',
    defaultsLine(first.defaults),
  ];
  return [
    opening,
    ...overview,
    '',
    ...loaded.flatMap(({ task }) => sectionOf(task)),
    ...pretrainingLines,
    '',
  ].join('\n');
}

function overviewRow({ hasScore }: TaskEntry, task: Task): string {
  const verbs = ['finetune', 'evaluate', 'predict', ...(hasScore ? ['score'] : [])];
  const cells = [
    `[${task.title}](#${anchorOf(task.title)})`,
    String(task.imagesPerExample),
    answersOf(task),
    task.heads.map(({ name }) => name).join(', '),
    task.loss,
    verbs.map((verb) => `\`${verb} ${task.name}\``).join(', '),
  ];
  return `| ${cells.join(' | ')} |`;
}

function sectionOf(task: Task): string[] {
  return [
    `## ${task.title}`,
    '',
    task.help.finetune.description,
    '',
    '| head | form | outputs of an example | tensors |',
    '| --- | --- | --- | --- |',
    ...task.heads.map(
      ({ name, form, size, prefix }) =>
        `| ${name} | ${form === 'mlp' ? 'two layers with GELU and LayerNorm' : 'one dense layer'} | ${size === 'answers' ? 'one for each answer' : size} | \`${prefix}.*\` |`,
    ),
    '',
    defaultsLine(task.defaults),
    '',
  ];
}

function answersOf({ answers, minOccurrences }: Task): string {
  if (answers === 'table') return 'a table that is named';
  if (answers !== 'built') return answers.map((answer) => `\`${answer}\``).join(', ');
  return minOccurrences === undefined
    ? 'those of the training labels'
    : `those of at least ${minOccurrences} training examples`;
}

function defaultsLine(defaults: Task['defaults']): string {
  const { batchSize, numEpochs, learningRate, warmupRatio, clipNorm } = defaults;
  return `Unless told otherwise: batches of ${batchSize}, ${numEpochs} epochs, learning rate ${learningRate}, warm-up over ${100 * warmupRatio} % of the steps, gradients clipped at norm ${clipNorm}.`;
}

/** The anchor that Markdown readers give a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}
