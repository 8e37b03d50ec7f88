/**
 * @file How long a server takes to refuse pictures of any shape: sides that no decoder should begin with, stated or there. Ends with 1
 * when one is answered otherwise than with a sentence, or takes longer. `node dist/bench/refusedPictures.js [--seconds 0.2]
 * [--repetitions 5] [WORDS OF lxmert serve...]`
 */

import { parseArgs } from 'node:util';
import { medianOf } from '../src/bench/measure.js';
import { LxmertClient, LxmertClientError } from '../src/serve/client.js';
import { extremePictures } from './server/extremePictures.js';
import { asAnother } from './server/largePictures.js';
import { startServer } from './server/serverProcess.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** That a refusal may take. */
    seconds: { type: 'string', default: '0.2' },
    repetitions: { type: 'string', default: '5' },
  },
});
const repetitions = Number(values.repetitions);

const pictures = await extremePictures();
const server = await startServer(positionals);
const client = new LxmertClient(server.address);

/** @returns what is said, which is undefined when it was answered */
async function refusal(
  picture: Buffer,
): Promise<{ readonly said: string | undefined; readonly seconds: number }> {
  const start = performance.now();
  const said = await client.answer(picture, ['What is this?']).then(
    () => undefined,
    (error: unknown) =>
      error instanceof LxmertClientError ? `${error.status}: ${error.message}` : String(error),
  );
  return { said, seconds: (performance.now() - start) / 1000 };
}

try {
  // The first answer loads what all need.
  await refusal(Buffer.from('no picture'));
  console.log('| picture | bytes | median | longest | answer |\n| --- | ---: | ---: | ---: | --- |');
  for (const [name, picture] of pictures) {
    const all: Awaited<ReturnType<typeof refusal>>[] = [];
    for (let i = 0; i < repetitions; i++) all.push(await refusal(asAnother(picture, i)));
    const seconds = all.map((each) => each.seconds);
    const [median, longest] = [medianOf(seconds), Math.max(...seconds)].map(
      (each) => `${(1000 * each).toFixed(0)} ms`,
    );
    console.log(`| ${name} | ${picture.length} | ${median} | ${longest} | ${all[0]?.said} |`);
    if (Math.max(...seconds) > Number(values.seconds) || !all.every(({ said }) => said?.startsWith('422:')))
      process.exitCode = 1;
  }
} finally {
  await server.stop();
}
