/** @file What asks again for an answer of a site: in JavaScript with the site's own model, on the command line. */

import type { SiteDescription } from '../../src/export/site/description.js';
import type { Answered } from '../app/answering.js';
import { commandLineOf } from '../app/commandLine.js';
import type { SitePictureShown } from './siteAnswering.js';
import { BASE } from './siteFiles.js';

export type SiteAnswered = Answered<SitePictureShown>;

export function siteCommandLine({ picture, explanation }: SiteAnswered, site: SiteDescription): string {
  return commandLineOf(picture, explanation.question, {
    models: [site.name],
    hasDetector: site.detector !== null,
  });
}

/** Undefined for a picture whose regions were found beforehand: nothing of the site finds them. */
export function siteJavaScript(
  { picture: { name, sample }, explanation }: SiteAnswered,
  { model, detector }: SiteDescription,
): string | undefined {
  if (sample?.regions != null) return undefined;
  const address = (file: string): string => JSON.stringify(new URL(file, BASE).href);
  const settings = detector === null ? '' : `, { detector: ${address(detector)} }`;
  return [
    "import { Lxmert } from 'lxmert/runtime';",
    '',
    `const lxmert = await Lxmert.load(${address(model)}${settings});`,
    sample === undefined
      ? `const image = ${JSON.stringify(name)};`
      : `const image = await (await fetch(${address(sample.file)})).blob();`,
    `const { answers } = await lxmert.answer(image, ${JSON.stringify(explanation.question)});`,
    'console.log(answers);',
  ].join('\n');
}
