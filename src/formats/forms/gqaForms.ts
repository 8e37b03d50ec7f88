/** @file Forms of GQA: objects of entries by id. */

import type { Finding } from './form.js';
import { has, type JsonObject } from './jsonSample.js';

/** An object whose first entry is of GQA. */
export function gqaObject(top: JsonObject): Finding | undefined {
  const [first] = Object.values(top);
  const layout = { kind: 'entries' } as const;
  if (has(first, 'imageId', 'question')) {
    return {
      form: 'gqaQuestions',
      title: `the official questions of GQA${has(first, 'answer') ? '' : ', without answers'}`,
      advice: "Make the program's questions of it with",
      command: 'lxmert prepare gqa FILE --output data/gqa',
      layout,
    };
  }
  if (has(first, 'valid', 'plausible')) {
    return {
      form: 'gqaChoices',
      title: 'the official choices of GQA, for validity and plausibility',
      advice: 'Score predictions with them',
      command: 'lxmert score gqa PREDICTIONS.json --questions val_balanced_questions.json --choices FILE',
      layout,
    };
  }
  if (has(first, 'objects') && has(first, 'width')) {
    return {
      form: 'gqaSceneGraphs',
      title: 'the scene graphs of GQA',
      advice:
        'No command reads them: the model knows a picture by its region features. The questions are made ready with',
      command: 'lxmert prepare gqa questions1.2.zip --output data/gqa',
      layout,
    };
  }
  if (has(first, 'objectsNum', 'idx')) {
    return {
      form: 'gqaObjectsInfo',
      title: "the index of GQA's own object features (gqa_objects_info.json)",
      advice: 'They are of another detector than the one of LXMERT. Find the regions of the pictures with',
      command: 'lxmert extract PICTURES --detector resnet101.caffemodel --out features/gqa',
      layout,
    };
  }
  return undefined;
}
