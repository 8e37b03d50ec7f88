/** @file Forms of answer tables and vocabularies. */

import { type FileForm, type Finding, formOf } from './form.js';
import { asObject, has, type JsonObject } from './jsonSample.js';

const USE =
  'lxmert evaluate vqa minival.json --model WEIGHTS.pth --vocab vocab.txt --answers FILE --features features/mine';

/** Longer lines are sentences or data; the longest name of an object or an answer is shorter. */
const MAX_NAME_CHARACTERS = 80;

/** A list whose elements are answers or answers with their data sets. */
export function tableList(elements: readonly unknown[]): Finding | undefined {
  const [first] = elements;
  if (elements.length > 0 && elements.every((element) => typeof element === 'string')) {
    return {
      form: 'label2ans',
      title: 'an answer table (label2ans, a list of answers)',
      advice: 'It belongs to a model with a head of as many answers; name it beside the weights',
      command: USE,
    };
  }
  if (has(first, 'ans')) {
    return {
      form: 'pretrainingAnswers',
      title: 'the answer table of a pre-training head (all_ans.json)',
      advice: 'It belongs to pre-trained weights; start a fine-tuning from their answers with',
      command:
        'lxmert finetune vqa --train train.json --valid minival.json --answers trainval_label2ans.json --features features/mine ' +
        '--vocab vocab.txt --load-with-answers model_LXRT.pth --pretraining-answers FILE --output runs/vqa',
    };
  }
  return undefined;
}

/** An object that is a table or a vocabulary. */
export function tableObject(top: JsonObject): Finding | undefined {
  const entries = Object.entries(top);
  if (entries.length === 0) return undefined;
  const isInts = entries.every(([, value]) => Number.isInteger(value) && (value as number) >= 0);
  if (isInts && areImageNumbers(Object.keys(top))) return rowIds();
  if (isInts)
    return Object.hasOwn(top, '[CLS]') || Object.hasOwn(top, '<s>') ? jsonVocabulary() : ans2label();
  const isByIndex = entries.every(([key, value], i) => key === String(i) && typeof value === 'string');
  if (isByIndex) {
    return {
      form: 'label2ansObject',
      title: 'an answer table (answers by their index, as an object)',
      advice: 'It belongs to a model with a head of as many answers; name it beside the weights',
      command: USE,
    };
  }
  return undefined;
}

/** COCO's numbers; answers that are numbers have fewer digits. */
export function areImageNumbers(names: readonly string[]): boolean {
  return names.every((name) => /^\d+$/.test(name)) && names.some((name) => name.length >= 4);
}

function rowIds(): Finding {
  return {
    form: 'rowIds',
    title: 'rows of HDF5 features by the numbers of their images (imgid2idx)',
    advice: 'It belongs beside its HDF5 file, or is named with it',
    command: 'lxmert features convert FEATURES.hdf5 features/mine --row-ids FILE',
  };
}

/** The same, kept as a pickle, where it looks like an answer table by index. */
export function rowIdsForm(file: string): FileForm {
  return formOf(rowIds(), file, { kind: 'none' });
}

function ans2label(): Finding {
  return {
    form: 'ans2label',
    title: 'an answer table the other way round (ans2label: the index of each answer)',
    advice: 'It belongs to a model with a head of as many answers; name it beside the weights',
    command: USE,
  };
}

function jsonVocabulary(): Finding {
  return {
    form: 'jsonVocabulary',
    title: 'a vocabulary as an object of word pieces and numbers',
    advice:
      'The vocabulary is read as text, one word piece a line in the order of the numbers: take vocab.txt of the same model.',
  };
}

/** A text of one word piece, name or id a line. */
export function vocabularyText(lines: readonly string[], isWhole: boolean): Finding | undefined {
  if (lines.slice(0, 200).includes('[CLS]') || (lines.includes('[UNK]') && lines.includes('[SEP]'))) {
    return {
      form: 'vocabulary',
      title: 'a vocabulary of word pieces (BERT vocab.txt)',
      advice: 'Name it with --vocab beside weights',
      command: USE.replace(
        '--vocab vocab.txt --answers FILE',
        '--vocab FILE --answers trainval_label2ans.json',
      ),
    };
  }
  const whole = isWhole ? lines : lines.slice(0, -1);
  if (whole.length === 0) return undefined;
  if (whole.every((line) => /^\d+$/.test(line.trim()))) {
    return {
      form: 'ids',
      title: 'ids, one a line',
      advice: 'As the ids of the questions of minival it goes with the official files',
      command: 'lxmert prepare vqa DOWNLOADS --minival-ids FILE --output data/vqa',
    };
  }
  if (whole.every((line) => line.length <= MAX_NAME_CHARACTERS && !/[\t{}<>]/.test(line))) {
    return {
      form: 'names',
      title: 'short lines of text, such as names or answers',
      advice:
        "As names of the detector's classes it is read by --object-names or --attribute-names of lxmert answer; as an " +
        'answer table, one answer a line in the order of the head, by --answers.',
    };
  }
  return undefined;
}

/** A model's configuration as Hugging Face keeps it, with or without the answers of its head. */
export function huggingFaceConfig(top: JsonObject): Finding | undefined {
  const hasAnswers = asObject(top.id2label) !== undefined;
  const isConfig =
    has(top, 'model_type') ||
    has(top, 'architectures') ||
    (has(top, 'hidden_size') && has(top, 'vocab_size'));
  if (!isConfig && !hasAnswers) return undefined;
  return {
    form: 'huggingFaceConfig',
    title: `a model's configuration as Hugging Face keeps it${hasAnswers ? ', with the answers of its head (id2label)' : ''}`,
    advice: hasAnswers
      ? 'It is read from beside the weights; as an answer table (id2label) by --answers, too.'
      : 'It is read from beside the weights, not by itself. Look at the weights with',
    command: hasAnswers ? undefined : 'lxmert checkpoint info WEIGHTS',
  };
}
