/** @file Requests of the page: what is put together, how it is sent, what comes back. */

import { FORM, type Operation, type Schema } from './document.js';

/** What was filled in so far. */
export interface Draft {
  /** Of a form, and of the path. */
  readonly fields: Readonly<Record<string, string | boolean>>;
  readonly file?: File | undefined;
  /** A body of JSON as text. */
  readonly json: string;
}

export type Sent =
  | { readonly isWaiting: true }
  | { readonly failure: string }
  | {
      readonly status: number;
      readonly milliseconds: number;
      readonly type: string;
      readonly text: string;
      /** Of a picture. */
      readonly url?: string;
    };

/** Under which this page lies: addresses of the API are one level up. */
const API = '..';

const EXAMPLE_QUESTION = 'What color is the circle?';

/** What a request begins with. */
export function draftOf({ requestBody, parameters = [] }: Operation, type: string | undefined): Draft {
  const schema = type === undefined ? undefined : requestBody?.content[type]?.schema;
  if (type === FORM || schema === undefined)
    return {
      fields: {
        ...Object.fromEntries(parameters.map(({ name }) => [name, 'scene-1.png'])),
        ...(schema?.properties?.question === undefined ? {} : { question: EXAMPLE_QUESTION }),
      },
      json: '',
    };
  return { fields: {}, json: JSON.stringify(exampleOf(schema), null, 2) };
}

function exampleOf({ properties = {} }: Schema): Record<string, unknown> {
  return {
    ...(properties.image === undefined ? {} : { image: '' }),
    ...(properties.question === undefined ? {} : { question: EXAMPLE_QUESTION }),
    ...(properties.questions === undefined ? {} : { questions: [EXAMPLE_QUESTION] }),
  };
}

export function addressOf({ path }: Operation, { fields }: Draft): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(fields[name] ?? '')));
}

/** Fields of a form as they are sent; lists have a line for each value. */
export function formParts({ requestBody }: Operation, { fields }: Draft): [string, string][] {
  const { properties = {} } = requestBody?.content[FORM]?.schema ?? {};
  return Object.entries(properties).flatMap(([name, { type }]): [string, string][] => {
    const value = fields[name];
    if (value === undefined || value === '' || value === false) return [];
    const lines = type === 'array' ? String(value).split('\n').filter(Boolean) : [String(value)];
    return lines.map((line) => [name, line]);
  });
}

export async function send(
  operation: Operation,
  type: string | undefined,
  draft: Draft,
  token: string,
): Promise<Sent> {
  const begun = performance.now();
  try {
    const response = await fetch(`${API}${addressOf(operation, draft)}`, {
      method: operation.method,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(type === undefined || type === FORM ? {} : { 'content-type': type }),
      },
      ...(type === undefined ? {} : { body: type === FORM ? formOf(operation, draft) : draft.json }),
    });
    const blob = await response.blob();
    const isPicture = blob.type.startsWith('image/');
    return {
      status: response.status,
      milliseconds: performance.now() - begun,
      type: blob.type,
      text: isPicture ? '' : await blob.text(),
      ...(isPicture && { url: URL.createObjectURL(blob) }),
    };
  } catch (error) {
    return { failure: `The request failed: ${String(error)}.` };
  }
}

function formOf(operation: Operation, draft: Draft): FormData {
  const form = new FormData();
  for (const [name, value] of formParts(operation, draft)) form.append(name, value);
  if (draft.file !== undefined) form.append('image', draft.file);
  return form;
}

/** Ways to say which picture a request of JSON is about. */
export type About = 'image' | 'imageId' | 'features';

/** What stands in a body of JSON about a picture: asked of the server, where it is no more than the file. */
export async function aboutPicture(file: File, about: About, token: string): Promise<unknown> {
  if (about === 'image') return await base64Of(file);
  const form = new FormData();
  form.append('image', file);
  const response = await fetch(`${API}/v1/${about === 'imageId' ? 'regions' : 'features'}`, {
    method: 'POST',
    headers: token === '' ? {} : { authorization: `Bearer ${token}` },
    body: form,
  });
  const given = (await response.json()) as {
    imageId: string;
    width: number;
    height: number;
    features: string;
    regions: { box: number[] }[];
    error?: { message: string };
  };
  if (given.error !== undefined) throw new Error(given.error.message);
  const { imageId, width, height, features, regions } = given;
  return about === 'imageId' ? imageId : { width, height, boxes: regions.map(({ box }) => box), features };
}

function base64Of(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(reader.error);
    reader.onload = () => resolve(String(reader.result).replace(/^data:[^,]*,/, ''));
    reader.readAsDataURL(file);
  });
}

/** The first of the scenes that come with the sample world's model; undefined for other models. */
export async function samplePicture(token: string): Promise<File | undefined> {
  const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${API}/v1/samples`, { headers });
  if (!response.ok) return undefined;
  const { samples } = (await response.json()) as { samples: { name: string }[] };
  const [first] = samples;
  if (first === undefined) return undefined;
  const picture = await fetch(`${API}/v1/samples/${first.name}.png`, { headers });
  return new File([await picture.blob()], `${first.name}.png`, { type: 'image/png' });
}
