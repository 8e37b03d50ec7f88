/** @file What asks again for an answer that is shown: as curl, as JavaScript, on the command line. */

import { commandLineOf, quoted } from './commandLine.js';
import { type Asked, BASE, type ModelFacts } from './server.js';

/** What the server says of itself. */
export interface Origin {
  readonly version: string;
  readonly models: readonly ModelFacts[];
  readonly needsToken: boolean;
}

export function curlCommand({ picture, explanation }: Asked, { models, needsToken }: Origin): string {
  const file = fileOf(picture.name, picture.sample !== undefined);
  const token = needsToken ? ' -H "Authorization: Bearer $TOKEN"' : '';
  const fetched =
    picture.sample === undefined ? '' : `curl${token} ${quoted(`${BASE}v1/samples/${file}`)} -o ${file}\n`;
  const model = models.length > 1 ? ` --form-string ${quoted(`model=${explanation.model}`)}` : '';
  return `${fetched}curl${token} ${quoted(`${BASE}v1/explain`)} -F ${quoted(`image=@${file}`)} --form-string ${quoted(`question=${explanation.question}`)}${model}`;
}

export function javaScript({ picture, explanation }: Asked, { models, needsToken }: Origin): string {
  const settings = models.length > 1 ? `, { model: ${JSON.stringify(explanation.model)} }` : '';
  const token = needsToken ? ', { token: process.env.TOKEN }' : '';
  const image =
    picture.sample === undefined
      ? `await readFile(${JSON.stringify(picture.name)})`
      : `await client.samplePicture(${JSON.stringify(picture.name)})`;
  return [
    ...(picture.sample === undefined ? ["import { readFile } from 'node:fs/promises';"] : []),
    "import { LxmertClient } from 'lxmert/client';",
    '',
    `const client = new LxmertClient(${JSON.stringify(BASE)}${token});`,
    `const image = ${image};`,
    `const { answers } = await client.explain(image, ${JSON.stringify(explanation.question)}${settings});`,
    'console.log(answers);',
  ].join('\n');
}

export function commandLine({ picture, explanation }: Asked, { models }: Origin): string {
  const facts = models.find(({ name }) => name === explanation.model);
  return commandLineOf(picture, explanation.question, {
    models: (facts?.weightsFiles ?? []).map((file) => file.split('/')[0] ?? file),
    hasDetector: facts?.detector != null,
  });
}

function fileOf(name: string, isSample: boolean): string {
  return isSample ? `${name}.png` : name;
}
