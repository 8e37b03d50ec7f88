/** @file Reads the files of predictions that the test servers take. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { fileSource } from '../../data/annotations/jsonSource.js';
import { streamArray } from '../../data/annotations/jsonStream.js';
import { checkRecord } from '../../data/annotations/record.js';
import { readTextLines } from '../../formats/lines/textLines.js';
import { type FilePrediction, PredictionTable } from './predictionTable.js';

const idSchema = z.union([z.int(), z.string().min(1)]).transform(String);
const vqaSchema = z.object({ question_id: idSchema, answer: z.string() });
const gqaSchema = z.object({ questionId: idSchema, prediction: z.string() });

/**
 * Reads VQA predictions, `[{question_id, answer}]`. Other keys are ignored.
 *
 * @throws LxmertError with file and element for what is not as expected or answers a question twice
 */
export function readVqaPredictions(file: string): Promise<PredictionTable> {
  return PredictionTable.gather(
    file,
    predictionElements(file, (value, place) => {
      const { question_id: id, answer } = checkRecord(vqaSchema, value, file, place);
      return { id, answer, place };
    }),
  );
}

/**
 * Reads GQA predictions, `[{questionId, prediction}]`. Other keys are ignored.
 *
 * @throws LxmertError with file and element for what is not as expected or answers a question twice
 */
export function readGqaPredictions(file: string): Promise<PredictionTable> {
  return PredictionTable.gather(
    file,
    predictionElements(file, (value, place) => {
      const { questionId: id, prediction: answer } = checkRecord(gqaSchema, value, file, place);
      return { id, answer, place };
    }),
  );
}

/**
 * Reads NLVR2 predictions, lines of `identifier,True` or `identifier,False` in any case; the answers are `true` and
 * `false`.
 *
 * @throws LxmertError with file and line for what is not as expected or answers an example twice
 */
export function readNlvr2Predictions(file: string): Promise<PredictionTable> {
  return PredictionTable.gather(file, nlvr2Lines(file));
}

/**
 * The predictions of a JSON array.
 *
 * @param read makes a prediction of an element, which stands at `place`
 */
export async function* predictionElements(
  file: string,
  read: (value: unknown, place: string) => FilePrediction,
): AsyncGenerator<FilePrediction> {
  let index = 0;
  for await (const value of streamArray(fileSource(file))) yield read(value, `element ${index++}`);
}

async function* nlvr2Lines(file: string): AsyncGenerator<FilePrediction> {
  for await (const { text, number } of readTextLines(file)) {
    const place = `line ${number}`;
    const [id = '', word = '', ...more] = text.split(',').map((field) => field.trim());
    const answer = word.toLowerCase();
    if (id === '' || more.length > 0 || (answer !== 'true' && answer !== 'false')) {
      const found = text.length > 60 ? `${text.slice(0, 60)}...` : text;
      throw new LxmertError(
        `${file}, ${place}: expected 'identifier,True' or 'identifier,False', found '${found}'.`,
      );
    }
    yield { id, answer, place };
  }
}
