/** @file The folder of a training run. */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { messageOf } from '../../common/errors.js';
import { asObject, shellWord } from '../../formats/forms/index.js';
import { parseJson } from '../../formats/jsonFault.js';
import { formatCount } from '../../formats/numbers.js';
import { type FileReport, report, someOf } from '../fileReport.js';
import { examineTable, examineVocabulary } from './tables.js';
import { examineWeights } from './weights.js';

const MAX_CONFIG_BYTES = 1 << 22;

/** What a run left: task, epochs, weights, and whether vocabulary, table and weights are of one model. */
export async function examineRun(folder: string): Promise<FileReport> {
  const names = readdirSync(folder);
  const problems: string[] = [];
  const config = readConfig(path.join(folder, 'config.json'), problems);
  const weights = names.filter((name) => /\.(pth|safetensors|bin)$/.test(name)).sort();
  const best =
    weights.find((name) => /^BEST/.test(name)) ?? weights.find((name) => /LAST/.test(name)) ?? weights[0];
  const form = { form: '', title: '', wayOn: '', command: undefined, layout: { kind: 'none' } } as const;
  const parts: FileReport[] = [];
  if (best === undefined)
    problems.push('It has no weights yet: the run was stopped before its first epoch ended.');
  else parts.push(await examineWeights(path.join(folder, best), 'weights'));
  const vocabulary = path.join(folder, 'vocab.txt');
  if (existsSync(vocabulary)) parts.push(await examineVocabulary(vocabulary, form));
  const table = ['trainval_label2ans.json', 'all_ans.json']
    .map((name) => path.join(folder, name))
    .find((each) => existsSync(each));
  if (table !== undefined) parts.push(await examineTable(table, form));
  const task = typeof config?.task === 'string' ? config.task : undefined;
  const numEpochs = asObject(config?.settings)?.numEpochs;
  const numSnapshots = countSnapshots(path.join(folder, 'snapshots'));
  return report(folder, 'the folder of a training run', {
    facts: [
      `${task ?? 'task not stated'}${typeof numEpochs === 'number' ? `, ${numEpochs} epochs asked for` : ''}; weights ${weights.length === 0 ? 'none' : someOf(weights)}`,
      ...(numSnapshots > 0 ? [`${formatCount(numSnapshots, 'snapshot')}: it can be resumed`] : []),
      ...parts.flatMap((part) => part.facts.slice(0, 1)),
    ],
    problems: [...problems, ...parts.flatMap((part) => part.problems)],
    wayOn: `Look at it with: lxmert report ${shellWord(folder)}`,
    traits: Object.assign({}, ...parts.map((part) => part.traits)),
  });
}

/** A snapshot counts when its manifest is there, which is written last. */
function countSnapshots(folder: string): number {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return 0;
  return readdirSync(folder).filter((name) => /^step-\d+\.json$/.test(name)).length;
}

function readConfig(file: string, problems: string[]) {
  try {
    if (statSync(file).size > MAX_CONFIG_BYTES) throw new Error('it is larger than any configuration');
    return asObject(parseJson(readFileSync(file, 'utf8')));
  } catch (error) {
    problems.push(`${file} is not the configuration of a run: ${messageOf(error)}.`);
    return undefined;
  }
}
