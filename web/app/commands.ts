/** @file What asks again for an answer that is shown: as curl, as JavaScript, on the command line. */

import { isDrawn } from './seen.js';
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
  // A drawn sample is named by its number, a picture of the server's folder by its id and its store.
  const store = picture.sample?.store;
  const about = isDrawn(picture.sample)
    ? `--sample ${picture.name.replace(/\D+/g, '')}`
    : `${quoted(picture.name)}${store == null ? '' : ` --features ${quoted(store)}`}`;
  const folders = (facts?.weightsFiles ?? []).map((file) => ` --model ${quoted(file.split('/')[0] ?? file)}`);
  const detector = facts?.detector == null || store != null ? '' : ' --detector DETECTOR';
  return `lxmert explain ${about} ${quoted(explanation.question)}${folders.join('')}${detector} --output explanation.html`;
}

function fileOf(name: string, isSample: boolean): string {
  return isSample ? `${name}.png` : name;
}

/** For a shell, as one word. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
