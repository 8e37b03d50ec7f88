/** @file Forms of this program's own JSON lines, and of captions as records. */

import type { Finding } from './form.js';
import { asObject, has, type JsonObject } from './jsonSample.js';

const FINETUNE = '--valid valid.jsonl --features features/mine --vocab vocab.txt --output runs/mine';

/** What one line or element is; undefined when it is none of these. */
export function customForm(record: JsonObject): Finding | undefined {
  if (has(record, 'image', 'boxes') && Array.isArray(record.boxes)) {
    return {
      form: 'boxes',
      title: 'boxes of pictures for lxmert extract',
      advice: 'Describe the boxes with',
      command: 'lxmert extract PICTURES --boxes FILE --detector resnet101.caffemodel --out features/mine',
    };
  }
  if (has(record, 'id', 'text') && (has(record, 'image') || has(record, 'images'))) return example(record);
  const isLabelled = has(record, 'labels') || has(record, 'label');
  if (has(record, 'image', 'text') && !isLabelled && Object.keys(record).length <= 3) return captionLines();
  if (has(record, 'caption') && (has(record, 'image') || has(record, 'image_id'))) {
    return {
      form: 'captionRecords',
      title: 'captions as ALBEF, BLIP and COCO result files keep them',
      advice:
        'No command reads it as it is. Write a line {"image", "text"} for each caption (docs/how-to/matching.md) ' +
        'and train with lxmert finetune match.',
    };
  }
  return undefined;
}

/** Lines, or the same objects in a list: both are read. */
function example(record: JsonObject): Finding {
  const isPair = Array.isArray(record.images) && record.images.length === 2;
  const task = isPair ? 'custom-pairs' : 'custom';
  const hasLabels = has(record, 'labels');
  const title = `examples of one's own about ${isPair ? 'two images' : 'one image'}, ${hasLabels ? 'with' : 'without'} labels`;
  return hasLabels
    ? {
        form: 'custom',
        title,
        advice: 'Train on it with',
        command: `lxmert finetune ${task} --train FILE ${FINETUNE}`,
      }
    : {
        form: 'customUnlabelled',
        title,
        advice: 'Have it answered with',
        command: `lxmert predict ${task} FILE --model runs/mine --features features/mine --output answers.jsonl`,
      };
}

/** Lines, or the same objects in a list: both are read. */
function captionLines(): Finding {
  return {
    form: 'captions',
    title: 'captions of images',
    advice: 'Train on it with',
    command: `lxmert finetune match --train FILE ${FINETUNE}`,
  };
}

/** Captions with the images beside them: COCO's own files and the splits of Karpathy and Fei-Fei. */
export function captionObject(top: JsonObject, tail: string): Finding | undefined {
  if (!Array.isArray(top.images)) return undefined;
  const [image] = top.images as unknown[];
  if (has(image, 'filename', 'sentences')) {
    return {
      form: 'captionSplits',
      title: 'captions by splits, as Karpathy and Fei-Fei keep them',
      advice: 'Make lines of the captions of a split with',
      command: 'lxmert prepare captions FILE --split test --output captions.jsonl',
    };
  }
  if (!has(image, 'file_name')) return undefined;
  const annotation = Array.isArray(top.annotations) ? asObject(top.annotations[0]) : undefined;
  const isCaptions = annotation === undefined ? tail.includes('"caption"') : has(annotation, 'caption');
  if (isCaptions) {
    return {
      form: 'cocoCaptions',
      title: 'the official captions of COCO',
      advice: 'Make lines of the captions with',
      command: 'lxmert prepare captions FILE --output captions.jsonl',
    };
  }
  return {
    form: 'cocoInstances',
    title: "images and objects in COCO's form",
    advice:
      'Sizes of pictures are read of it by lxmert features convert --sizes-from. Its boxes can be described once they are lines {"image", "boxes"} with x1, y1, x2, ' +
      'y2 in pixels (docs/how-to/extraction.md), with lxmert extract --boxes.',
  };
}
