/** @file Forms of questions, statements and annotations: the reference's rows, official files, those of other projects. */

import type { Finding } from './form.js';
import { asObject, has, type JsonObject } from './jsonSample.js';

const MODEL = '--model runs/mine --features features/mine';
const CUSTOM =
  'No command reads it as it is. Write a line {"id", "image", "text", "labels"} for each question ' +
  '(docs/how-to/custom-data.md) and train with lxmert finetune custom';

/** What one record of a list, of JSON lines or under `questions` or `annotations` is; undefined when no question. */
export function questionForm(record: JsonObject): Finding | undefined {
  return referenceRow(record) ?? officialVqa(record) ?? pairOfImages(record) ?? ofOtherProjects(record);
}

/** What the program reads itself. */
function referenceRow(record: JsonObject): Finding | undefined {
  if (has(record, 'img_id', 'sentf')) {
    return {
      form: 'pretraining',
      title: 'sentences of images for pre-training (aggregated JSON)',
      advice: 'Pre-train on it with',
      command:
        'lxmert pretrain --train FILE --valid VALID.json --features features/mine --vocab vocab.txt --output runs/pretrain',
    };
  }
  if (has(record, 'img0', 'img1', 'sent')) {
    return row('nlvr2', 'statements of NLVR2', Object.hasOwn(record, 'label'));
  }
  if (!has(record, 'img_id', 'sent')) return undefined;
  if (has(record, 'choices')) return aokvqaRow(Object.hasOwn(record, 'label'));
  const task = typeof record.question_id === 'string' ? 'gqa' : 'vqa';
  return row(task, `questions of ${task.toUpperCase()}`, Object.hasOwn(record, 'label'));
}

function row(task: string, what: string, hasLabel: boolean): Finding {
  const title = `${what} in the reference's rows, ${hasLabel ? 'with labels' : 'without labels'}`;
  return hasLabel
    ? {
        form: `${task}Rows`,
        title,
        advice: 'Evaluate a model on it with',
        command: `lxmert evaluate ${task} FILE ${MODEL}`,
      }
    : {
        form: `${task}RowsUnlabelled`,
        title,
        advice: 'Have it answered with',
        command: `lxmert predict ${task} FILE ${MODEL} --output predictions.${task === 'nlvr2' ? 'csv' : 'json'}`,
      };
}

/** Of VQA's form too, with choices beside it. */
function aokvqaRow(hasLabel: boolean): Finding {
  const found = row('aokvqa', 'questions of A-OKVQA', hasLabel);
  return { ...found, form: hasLabel ? 'aOkVqaRows' : 'aOkVqaRowsUnlabelled' };
}

function officialVqa(record: JsonObject): Finding | undefined {
  if (has(record, 'question_id', 'answers') && isAnswers(record.answers)) return vqaAnnotation(record);
  if (!has(record, 'question_id', 'image_id', 'question')) return undefined;
  if (has(record, 'direct_answers') || has(record, 'choices')) return undefined;
  const withAnnotations = {
    advice: "Make the program's questions of it, together with the file of its annotations, with",
    command: 'lxmert prepare vqa FILE ANNOTATIONS.json --output data/vqa',
  };
  if (has(record, 'coco_split')) {
    return { form: 'vqaCpQuestions', title: 'the official questions of VQA-CP', ...withAnnotations };
  }
  if (has(record, 'multiple_choices')) {
    return {
      form: 'vqaMultipleChoice',
      title: 'the multiple-choice questions of VQA v1',
      advice:
        'The choices are not used here, where a model chooses among all answers of its table. Take the open-ended ' +
        'questions (OpenEnded_mscoco_..._questions.json), which are the same questions, with',
      command: 'lxmert prepare vqa OpenEnded_QUESTIONS.json ANNOTATIONS.json --output data/vqa',
    };
  }
  const title = vqaTitle('questions', record);
  // Both have files of the same names and numbers; their annotations tell them apart.
  const advice = title.endsWith('OK-VQA')
    ? "Make the program's questions of it, together with the file of its annotations, with prepare okvqa for OK-VQA, and for VQA v1 with"
    : withAnnotations.advice;
  return { form: 'vqaQuestions', title, ...withAnnotations, advice };
}

function vqaAnnotation(record: JsonObject): Finding {
  const withQuestions = {
    advice: "Make the program's questions of it, together with the file of its questions, with",
    command: 'lxmert prepare vqa QUESTIONS.json FILE --output data/vqa',
  };
  if (has(record, 'coco_split')) {
    return { form: 'vqaCpAnnotations', title: 'the official annotations of VQA-CP', ...withQuestions };
  }
  const isOkVqa =
    !has(record, 'multiple_choice_answer') &&
    asObject((record.answers as unknown[])[0]) !== undefined &&
    has((record.answers as unknown[])[0], 'raw_answer');
  if (isOkVqa) {
    return {
      form: 'okVqaAnnotations',
      title: 'the official annotations of OK-VQA',
      advice: withQuestions.advice,
      command: 'lxmert prepare okvqa QUESTIONS.json FILE --output data/okvqa',
    };
  }
  return {
    form: 'vqaAnnotations',
    title: vqaTitle('annotations', record),
    ...withQuestions,
  };
}

/** The questions of VQA v2 are numbered by image and a number up to 999, those of v1 and OK-VQA by one up to 9. */
function vqaTitle(what: string, { question_id: id, image_id: image }: JsonObject): string {
  if (typeof id === 'number' && typeof image === 'number' && image > 0) {
    if (Math.floor(id / 1000) === image) return `the official ${what} of VQA v2`;
    if (Math.floor(id / 10) === image) return `the official ${what} of VQA v1 or OK-VQA`;
  }
  return `${what} in the official form of VQA`;
}

function isAnswers(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && has(value[0], 'answer');
}

function pairOfImages(record: JsonObject): Finding | undefined {
  if (!has(record, 'sentence')) return undefined;
  if (has(record, 'images')) {
    return {
      form: 'albefNlvr2',
      title: 'statements of NLVR2 as ALBEF and BLIP keep them, without identifiers',
      advice:
        'The official file has the identifiers that consistency is scored by; without it, make the statements of this one with',
      command: 'lxmert prepare nlvr2 FILE --output data/nlvr2',
    };
  }
  if (!has(record, 'identifier')) return undefined;
  return {
    form: 'nlvr2Official',
    title: `the official examples of NLVR2${has(record, 'label') ? '' : ', without labels'}`,
    advice: "Make the program's statements of it with",
    command: 'lxmert prepare nlvr2 FILE --output data/nlvr2',
  };
}

function ofOtherProjects(record: JsonObject): Finding | undefined {
  if (
    has(record, 'question', 'choices') &&
    // The test split has neither answers nor the rest.
    ['direct_answers', 'correct_choice_idx', 'difficult_direct_answer', 'image_id'].some((key) =>
      has(record, key),
    )
  ) {
    return {
      form: 'aOkVqa',
      title: 'the official questions of A-OKVQA',
      advice: "Make the program's questions of it with",
      command: 'lxmert prepare aokvqa FILE --output data/aokvqa',
    };
  }
  if (has(record, 'image', 'question', 'dataset')) {
    return {
      form: 'albefVqa',
      title: 'questions of VQA as ALBEF, BLIP and LAVIS keep them',
      advice: "Make the program's questions of it with",
      command: 'lxmert prepare vqa FILE --output data/vqa',
    };
  }
  if (has(record, 'image', 'question') && !has(record, 'question_id')) return vizWiz(record);
  if (has(record, 'question') && isVizWizTable(record)) {
    return {
      form: 'vizWizTable',
      title: 'questions of VizWiz as hubs keep them',
      advice: "Make VizWiz's own form of it with",
      command: 'lxmert prepare vizwiz FILE --output data/vizwiz',
    };
  }
  if (has(record, 'conversations')) {
    return {
      form: 'llavaTraining',
      title: 'conversations about images as LLaVA trains on them',
      advice: `${CUSTOM}.`,
    };
  }
  if (has(record, 'question_id', 'image', 'text')) {
    return {
      form: 'llavaQuestions',
      title: 'questions as LLaVA keeps them, with its prompt in the text',
      advice: `Make the program's questions of it, without the prompt, with`,
      command: isGqaId(record)
        ? 'lxmert prepare gqa FILE --output data/gqa'
        : 'lxmert prepare vqa FILE --answers trainval_label2ans.json --output data/vqa',
    };
  }
  return visualGenome(record);
}

/** GQA's question ids are text, VQA's are numbers. */
const isGqaId = ({ question_id: id }: JsonObject): boolean => typeof id === 'string';

/** Hubs have the pictures themselves in place of their names. */
const isVizWizTable = ({ question_id: id, image }: JsonObject): boolean =>
  image === undefined && typeof id === 'string' && /^VizWiz_/.test(id);

function vizWiz(record: JsonObject): Finding | undefined {
  if (has(record, 'answers') && isAnswers(record.answers)) {
    return {
      form: 'vizWiz',
      title: 'the official annotations of VizWiz',
      advice: 'It is read as it is. Evaluate a model on it with',
      command: `lxmert evaluate vizwiz FILE ${MODEL}`,
    };
  }
  return {
    form: 'vizWizTest',
    title: 'questions of VizWiz without answers',
    advice: 'It is read as it is. Have it answered with',
    command: `lxmert predict vizwiz FILE ${MODEL} --output predictions.json`,
  };
}

function visualGenome(record: JsonObject): Finding | undefined {
  const parts = [
    ['qas', 'questions'],
    ['regions', 'region descriptions'],
    ['relationships', 'relationships'],
    ['objects', 'objects'],
    ['attributes', 'attributes'],
  ] as const;
  const part = parts.find(
    ([key]) => Array.isArray(record[key]) && (has(record, 'id') || has(record, 'image_id')),
  );
  if (part === undefined) return undefined;
  return {
    form: 'visualGenome',
    title: `${part[1]} of Visual Genome`,
    advice:
      part[0] === 'qas'
        ? `${CUSTOM}.`
        : 'No command reads it as it is. Its boxes can be described once they are lines {"image", "boxes"} ' +
          '(docs/how-to/extraction.md), with lxmert extract --boxes.',
  };
}
