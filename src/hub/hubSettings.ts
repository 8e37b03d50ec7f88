/** @file What the environment says of the hub, by the variables that Python's huggingface_hub reads. */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { UsageError } from '../common/errors.js';

export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** The folder that Python's programs keep their models in, too. */
  readonly cache: string;
  readonly isOffline: boolean;
  readonly token: string | undefined;
  /** For a person; undefined without a token. */
  readonly tokenFrom: string | undefined;
}

/** The hub of everybody, where `HF_ENDPOINT` names no other. */
const HUB_URL = 'https://huggingface.co';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads `HF_ENDPOINT`, `HF_HOME`, `HF_HUB_CACHE`, `HF_HUB_OFFLINE`, `HF_TOKEN` and `HF_TOKEN_PATH`, with the older names of the same.
 *
 * @throws UsageError for an endpoint that is no address, and a token that no header can carry
 */
export function hubSettings(env: Environment = process.env): HubSettings {
  const home = expandUser(env.HF_HOME ?? path.join(env.XDG_CACHE_HOME ?? '~/.cache', 'huggingface'));
  const cache = env.HF_HUB_CACHE ?? env.HUGGINGFACE_HUB_CACHE ?? path.join(home, 'hub');
  return {
    endpoint: endpointOf(env.HF_ENDPOINT),
    cache: path.resolve(expandUser(cache)),
    isOffline: isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE),
    ...tokenOf(env, home),
  };
}

function endpointOf(stated: string | undefined): string {
  if (stated === undefined || stated.trim() === '') return HUB_URL;
  const text = stated.trim().replace(/\/+$/, '');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url !== undefined &&
    ['http:', 'https:'].includes(url.protocol) &&
    url.search + url.hash + url.username + url.password === '';
  if (isPlain) return text;
  throw new UsageError(
    `HF_ENDPOINT should be the http or https address of a hub such as ${HUB_URL}, and is '${text.slice(0, 100)}'.`,
  );
}

function tokenOf(env: Environment, home: string): Pick<HubSettings, 'token' | 'tokenFrom'> {
  if (isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return { token: undefined, tokenFrom: undefined };
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    const token = cleanToken(env[name], name);
    if (token !== undefined) return { token, tokenFrom: name };
  }
  const file = expandUser(env.HF_TOKEN_PATH ?? path.join(home, 'token'));
  const token = cleanToken(textOf(file), file);
  return { token, tokenFrom: token && file };
}

/** Without the line end that editors leave. @throws UsageError for what is more than one word */
function cleanToken(text: string | undefined, source: string): string | undefined {
  const token = text?.trim() ?? '';
  if (token === '') return undefined;
  if (/^[\x21-\x7e]{1,1000}$/.test(token)) return token;
  throw new UsageError(`The token in ${source} should be one word of letters and digits, and is not.`);
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function isTrue(text: string | undefined): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes((text ?? '').toUpperCase());
}

function expandUser(file: string): string {
  return file.replace(/^~(?=$|[\\/])/, homedir());
}
