/** @file Questions as LLaVA keeps them: JSON lines without answers, with a prompt to that model behind each question. */

import { z } from 'zod';
import { imageIdOf } from '../../features/files.js';
import { streamValues } from '../annotations/jsonStream.js';
import { checkRecord } from '../annotations/record.js';
import type { RawFile } from './rawFiles.js';
import type { VqaRow } from './rows.js';
import { idSchema } from './vqaRecords.js';

const schema = z.object({ question_id: idSchema, image: z.string().min(1), text: z.string() });

/**
 * Reads lines `{"question_id", "image", "text"}`. The question is what stands before the first line end of the text. Ids are
 * of the type that {@link idSchema} gives them.
 *
 * @throws LxmertError with file, line and key
 */
export async function* readLlavaQuestions(file: RawFile): AsyncGenerator<VqaRow> {
  let line = 1;
  for await (const value of streamValues(file)) {
    const record = checkRecord(schema, value, file.name, `line ${line++}`);
    yield {
      imageId: imageIdOf(record.image),
      questionId: record.question_id,
      question: record.text.split(/\r?\n/)[0] ?? '',
      answers: undefined,
    };
  }
}
