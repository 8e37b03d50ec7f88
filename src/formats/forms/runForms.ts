/** @file Forms of a run's own files, and of files that lie beside models and notebooks. */

import path from 'node:path';
import type { Finding } from './form.js';
import { has, type JsonObject } from './jsonSample.js';

/** An object that a run or a model's folder has. */
export function runObject(top: JsonObject): Finding | undefined {
  if (has(top, 'task', 'settings') && (has(top, 'maxLength') || has(top, 'madeBy')))
    return ofRun('runConfig', 'the configuration of a run');
  if (
    has(top, 'overall') &&
    (has(top, 'numQuestions') || has(top, 'byQuestionType') || has(top, 'byAnswerType'))
  ) {
    return ofRun('runScores', 'the scores of a run');
  }
  if (has(top, 'weight_map'))
    return beside('weightIndex', 'the list of the parts of weights (model.safetensors.index.json)');
  if (has(top, 'added_tokens', 'model') || has(top, 'tokenizer_class') || has(top, 'do_lower_case')) {
    return {
      form: 'tokenizer',
      title: "a tokenizer's settings as Hugging Face keeps them",
      advice: has(top, 'model')
        ? 'Name it with --vocab beside weights; read is one of word pieces in lower case, as BERT has.'
        : 'The vocabulary is in vocab.txt or tokenizer.json of the same model: name that with --vocab.',
    };
  }
  if (has(top, 'cells', 'nbformat')) {
    return { form: 'notebook', title: 'a Jupyter notebook', advice: 'No command reads it.' };
  }
  return undefined;
}

/** A line of metrics.jsonl. */
export function runLine(record: JsonObject): Finding | undefined {
  const isMetrics =
    (has(record, 'epoch') || has(record, 'step')) &&
    Object.values(record).some((value) => typeof value === 'number');
  return isMetrics && !has(record, 'image')
    ? ofRun('runMetrics', 'the metrics of a run, one record a line')
    : undefined;
}

function ofRun(form: string, title: string): Finding {
  return { form, title, advice: 'Look at the run with', command: 'lxmert report FOLDER' };
}

function beside(form: string, title: string): Finding {
  return {
    form,
    title,
    advice: 'Look at a part of the weights with',
    command: 'lxmert checkpoint info WEIGHTS',
  };
}

/** With the folder of `file` in place of FOLDER. */
export function inFolder(finding: Finding, file: string): Finding {
  const folder = path.dirname(file);
  return { ...finding, command: finding.command?.replace('FOLDER', () => folder) };
}
