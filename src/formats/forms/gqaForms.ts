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
        'The model knows a picture by its region features, so only the sizes of pictures are read of them, by lxmert features convert --sizes-from. ' +
        'The questions are made ready with',
      command: 'lxmert prepare gqa questions1.2.zip --output data/gqa',
      layout,
    };
  }
  if (has(first, 'objectsNum', 'idx')) {
    return {
      form: 'gqaObjectsInfo',
      title: "the index of GQA's own object features (gqa_objects_info.json)",
      advice:
        'It says which rows of the HDF5 files beside it (gqa_objects_0.h5 and so on) are of which picture. They are of another detector than ' +
        "LXMERT's, whose models need regions as lxmert extract finds them. A store is made of the folder with",
      command: 'lxmert features convert FOLDER features/gqa',
      layout,
    };
  }
  return undefined;
}
