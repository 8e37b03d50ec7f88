/** @file Forms of answers: predictions as test servers take them, and in the other layouts that people have them in. */

import type { Finding } from './form.js';
import { asObject, firstElements, has, type JsonObject } from './jsonSample.js';

const SCORE = {
  vqa: 'lxmert score vqa FILE --annotations v2_mscoco_val2014_annotations.json',
  gqa: 'lxmert score gqa FILE --questions val_balanced_questions.json',
  nlvr2: 'lxmert score nlvr2 FILE --questions dev.json',
  vizwiz: 'lxmert score vizwiz FILE --annotations val.json',
} as const;

/** What one record of a list or of JSON lines is; undefined when it is no prediction. */
export function predictionForm(record: JsonObject, layout: string): Finding | undefined {
  const as = layout === 'list' ? '' : layout === 'lines' ? ', one a line' : ', within an object';
  const wanted = 'Score them with';
  if (has(record, 'question_id', 'answer_id', 'text')) {
    return {
      form: 'llavaAnswers',
      title: `answers as LLaVA keeps them${as}`,
      advice: wanted,
      command: SCORE.gqa,
    };
  }
  if (has(record, 'question_id', 'answer') && !has(record, 'question')) {
    return { form: 'vqaPredictions', title: `predictions for VQA${as}`, advice: wanted, command: SCORE.vqa };
  }
  if (has(record, 'questionId', 'prediction')) {
    return { form: 'gqaPredictions', title: `predictions for GQA${as}`, advice: wanted, command: SCORE.gqa };
  }
  if (
    has(record, 'image') &&
    !has(record, 'question') &&
    (has(record, 'answer') || has(record, 'answerable'))
  ) {
    return {
      form: 'vizWizPredictions',
      title: `predictions for VizWiz${as}`,
      advice: wanted,
      command: SCORE.vizwiz,
    };
  }
  if (
    has(record, 'id', 'answer') &&
    Object.keys(record).every((key) => key === 'id' || key === 'answer' || key === 'answers')
  ) {
    return {
      form: 'customPredictions',
      title: `answers to examples of one's own${as}`,
      advice:
        'They are what lxmert predict custom writes; accuracy comes from the examples with labels, with',
      command: 'lxmert evaluate custom EXAMPLES.jsonl --model runs/mine --features features/mine',
    };
  }
  if (has(record, 'image', 'text', 'probability')) {
    return {
      form: 'matchPredictions',
      title: `probabilities that sentences belong to images${as}`,
      advice: 'They are what lxmert predict match writes; retrieval is measured with',
      command: 'lxmert evaluate match CAPTIONS.jsonl --model runs/match --features features/mine',
    };
  }
  return undefined;
}

/** Predictions as values by question id, or as the only list of an object. */
export function predictionObject(top: JsonObject, isWhole: boolean): Finding | undefined {
  const [first] = Object.values(top);
  if (has(first, 'direct_answer') || has(first, 'multiple_choice')) {
    return {
      form: 'aOkVqaPredictions',
      title: 'predictions for A-OKVQA',
      advice: 'Score them with',
      command: 'lxmert score aokvqa FILE --annotations aokvqa_v1p0_val.json',
      layout: { kind: 'entries' },
    };
  }
  const entries = Object.entries(top);
  if (entries.length > 0 && entries.every(([id, answer]) => /^\d+$/.test(id) && typeof answer === 'string')) {
    return {
      form: 'predictionsById',
      title: 'answers by question id',
      advice: 'Score them with',
      command: SCORE.vqa,
      layout: { kind: 'entries' },
    };
  }
  for (const [key, list] of entries) {
    if (!Array.isArray(list) || !['annotations', 'predictions', 'results', 'answers', 'data'].includes(key))
      continue;
    const { elements } = firstElements(list, isWhole);
    const record = asObject(elements[0]);
    const found = record === undefined ? undefined : predictionForm(record, `object under ${key}`);
    if (found !== undefined) return { ...found, form: `${found.form}Wrapped`, layout: { kind: 'list', key } };
  }
  return undefined;
}

/** Predictions of NLVR2: lines of `identifier,True`. */
export function predictionLine(line: string): Finding | undefined {
  if (!/^[\w.-]+\s*,\s*(true|false)\s*(,.*)?$/i.test(line)) return undefined;
  return {
    form: 'nlvr2Predictions',
    title: 'predictions for NLVR2',
    advice: 'Score them with',
    command: SCORE.nlvr2,
  };
}
