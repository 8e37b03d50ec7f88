/**
 * @file Makes the pictures of README.md and docs/: a real browser visits the server's page with the model that comes along, and
 * pages that lie in files. `node scripts/make-pictures.mjs [--output FOLDER] [--report FILE]` needs the build and a Chromium; the
 * report is a page that `lxmert quickstart` or `lxmert report` wrote. Prints what it wrote.
 */

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const program = path.join(root, 'dist/src/cli/main.js');
const { values } = parseArgs({
  options: {
    output: { type: 'string', default: path.join(root, 'docs/pictures') },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
    report: { type: 'string' },
  },
});
const { output } = values;
/** Of the page, and of the picture: text stays readable at two thirds. */
const WINDOW = { width: 1240, height: 900 };
const WIDTH = 930;
/** GitHub shows a README's picture at once only when it is small. */
const MAX_BYTES = 1_000_000;
/** Milliseconds of a frame in a movement, and of one that is to be read. */
const MOVING = 60;
const READING = 1800;

mkdirSync(output, { recursive: true });
const isRoot = process.getuid?.() === 0;
const browser = await chromium.launch({
  executablePath: values.chromium,
  args: [...(isRoot ? ['--no-sandbox'] : []), '--disable-dev-shm-usage'],
});
/** The page in use: answers, what they were found in, and what is answered without it. */
async function filmPage() {
  const server = await serve();
  try {
    const context = await browser.newContext({
      viewport: WINDOW,
      colorScheme: 'light',
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(server.address);
    const film = new Film(page);
    await film.answered();
    await film.show(READING);
    await film.point(page.locator('.regions .row').nth(1));
    await film.show(READING / 2);
    // Without what it was found in.
    await film.point(page.locator('.regions .row').first());
    await film.click(1.2 * READING);
    await film.point(page.getByRole('button', { name: 'Put everything back' }));
    await film.click(READING / 3);
    await film.point(
      page.getByRole('list', { name: 'Questions about this scene' }).getByRole('button').nth(2),
    );
    await film.click(READING);
    await film.point(page.getByRole('list', { name: 'Samples' }).getByRole('button').nth(3));
    await film.click(READING / 3);
    await film.write(page.getByLabel('Question', { exact: true }), 'How many triangles are there?');
    await film.point(page.getByRole('button', { name: 'Ask', exact: true }));
    await film.click(1.5 * READING);
    await film.save('page.webp');
  } finally {
    server.end();
  }
}

/** A server of this build on a free port. */
async function serve() {
  const child = spawn(process.execPath, [program, 'serve', '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const address = await new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
      const found = /Open (http:\S+) in/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', () => reject(new Error(said)));
  });
  return { address, end: () => child.kill() };
}

/** The file that `lxmert explain` writes about a scene that comes along. */
async function shootExplanation() {
  const folder = mkdtempSync(path.join(tmpdir(), 'pictures-'));
  try {
    const file = path.join(folder, 'why.html');
    const words = ['explain', '--sample', '3', 'What color is the circle?', '--output', file, '--quiet'];
    execFileSync(process.execPath, [program, ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
    await shoot('explanation', file, WINDOW);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function shoot(name, file, viewport) {
  const page = await browser.newPage({ viewport, colorScheme: 'light', reducedMotion: 'reduce' });
  await page.goto(pathToFileURL(path.resolve(file)).href);
  await page.waitForTimeout(500);
  await write(
    `${name}.webp`,
    sharp(await page.screenshot())
      .resize(WIDTH)
      .webp({ quality: 80, effort: 6 }),
  );
}

async function write(name, image) {
  const file = path.join(output, name);
  await image.toFile(file);
  const { size } = statSync(file);
  console.log(`${path.relative(process.cwd(), file)}: ${(size / 1000).toFixed(0)} kB`);
  if (size > MAX_BYTES) throw new Error(`${file} is larger than ${MAX_BYTES} bytes.`);
}

/** Frames of a page with the pointer on it, which screenshots leave out. */
class Film {
  #frames = [];
  #at = { x: 700, y: 500 };

  constructor(page) {
    this.page = page;
  }

  /** Waits until the page has an answer and asks nothing. */
  async answered() {
    await this.page.locator('.explanation:not(.older)').waitFor();
    // What is answered without each part comes after the answer.
    await this.page.locator('.heads', { hasText: 'Without it' }).waitFor();
    await this.page.waitForLoadState('networkidle');
    await this.page.waitForTimeout(250);
  }

  async show(milliseconds) {
    const image = await this.page.screenshot();
    const scale = WIDTH / WINDOW.width;
    const frame = await sharp(await sharp(image).resize(WIDTH).toBuffer())
      .composite([
        { input: POINTER, left: Math.round(this.#at.x * scale), top: Math.round(this.#at.y * scale) },
      ])
      .png()
      .toBuffer();
    const last = this.#frames.at(-1);
    if (last?.frame.equals(frame)) last.milliseconds += milliseconds;
    else this.#frames.push({ frame, milliseconds });
  }

  /** Moves the pointer onto something, in a few frames. */
  async point(target) {
    await target.scrollIntoViewIfNeeded();
    const box = await target.boundingBox();
    const to = { x: box.x + Math.min(box.width / 2, 160), y: box.y + box.height / 2 };
    const from = this.#at;
    for (const part of [0.35, 0.75, 1]) {
      this.#at = { x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y) };
      if (part === 1) await this.page.mouse.move(to.x, to.y);
      await this.show(MOVING);
    }
  }

  /** Clicks where the pointer is, and shows what comes of it. */
  async click(milliseconds) {
    await this.page.mouse.click(this.#at.x, this.#at.y);
    await this.page.waitForTimeout(400);
    await this.answered();
    await this.show(milliseconds);
  }

  /** Types a text, a word a frame. */
  async write(field, text) {
    await this.point(field);
    await this.page.mouse.click(this.#at.x, this.#at.y);
    await field.fill('');
    for (const word of text.split(/(?<= )/)) {
      await this.page.keyboard.type(word);
      await this.show(3 * MOVING);
    }
  }

  async save(name) {
    const frames = this.#frames.map(({ frame }) => frame);
    const delay = this.#frames.map(({ milliseconds }) => Math.round(milliseconds));
    await write(
      name,
      sharp(frames, { join: { animated: true } }).webp({ quality: 70, effort: 5, loop: 0, delay }),
    );
  }
}

/** An arrow as pointers are drawn. */
const POINTER = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="18" height="24"><path d="M1 1v18l5-4 3 7 3-1-3-7h7z" fill="#111" stroke="#fff" stroke-width="1.5"/></svg>',
);

try {
  await filmPage();
  if (values.report !== undefined) await shoot('report', values.report, { width: 1160, height: 1500 });
  await shootExplanation();
} finally {
  await browser.close();
}
