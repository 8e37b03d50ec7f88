/** @file A web page of one file that holds all it needs and asks the network for nothing. Made in browsers too. */

import { sha256 } from '@noble/hashes/sha2.js';
import { escapeHtml, jsonForScript } from './escape.js';

export interface SelfContainedPage {
  readonly title: string;
  readonly style: string;
  /** HTML of the body, safe. */
  readonly body: string;
  readonly script: { readonly text: string; readonly dataId: string; readonly data: unknown } | null;
}

/**
 * The page. Its security policy forbids every request and every script and style but its own (by their hashes); pictures
 * are data URIs. The script finds its data as JSON in the element `dataId`.
 */
export function selfContainedPage({ title, style, body, script }: SelfContainedPage): string {
  const policy = [
    "default-src 'none'",
    'img-src data:',
    `style-src ${hashOf(style)}`,
    `script-src ${script === null ? "'none'" : hashOf(script.text)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const scripts =
    script === null
      ? ''
      : `<script type="application/json" id="${script.dataId}">${jsonForScript(script.data)}</script>\n<script>${script.text}</script>\n`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
${scripts}</body>
</html>
`;
}

/** The source expression of a security policy that allows an inline element with exactly this text. */
function hashOf(text: string): string {
  const digest = sha256(new TextEncoder().encode(text));
  return `'sha256-${btoa(String.fromCharCode(...digest))}'`;
}
