/**
 * Uploads photos through the page in a real Chromium and reports what a person would have seen.
 *
 *     node page.mjs BASE_URL OUTPUT_FOLDER PHOTO...
 *
 * While it runs it prints a JSON line for each move of a bar, so that whoever started it can break
 * the line at the right moment. At the end OUTPUT_FOLDER holds result.json and screenshots. Exit
 * code 1: the page did not get there, or the browser is missing; standard error says why.
 */

import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(new URL('../../client_js/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const FINISH_MS = 90_000;
const SHOW_MS = 15_000;
const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1280, height: 900 };
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

if (process.argv.length < 5) {
  console.error('usage: node page.mjs BASE_URL OUTPUT_FOLDER PHOTO...');
  process.exit(1);
}
const [base, output, ...photos] = process.argv.slice(2);
const executablePath = process.env.TUSLINE_CHROMIUM || '/usr/bin/chromium';

/** Notes everything the page says to the server's uploads and to the console. */
function listen(page, seen) {
  page.on('console', (message) => {
    if (message.type() === 'error') seen.errors.push(message.text());
  });
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  page.on('response', (response) => {
    const request = response.request();
    if (!/\/files(\/|$)/.test(new URL(request.url()).pathname)) return;
    seen.requests.push({
      method: request.method(),
      url: request.url(),
      offset: number(request.headers()['upload-offset']),
      status: response.status(),
      acknowledged: number(response.headers()['upload-offset']),
    });
  });
}

const number = (text) => (text === undefined ? null : Number(text));

/** Tells of each move of each bar, and notes what a screen reader would say, inside the page. */
async function watch(page, seen) {
  await page.exposeFunction('announced', (sentences) => seen.announced.push(sentences));
  await page.exposeFunction('barMoved', (name, acknowledged, size) => {
    (seen.bars[name] ??= []).push(acknowledged);
    console.log(JSON.stringify({ name, acknowledged, size, url: seen.requests.at(-1)?.url }));
  });
  await page.addInitScript(() => {
    const told = (bar) => {
      const name = bar.closest('.card')?.getAttribute('aria-label') ?? 'total';
      globalThis.barMoved(name, bar.value, bar.max);
    };
    const observer = new MutationObserver((changes) => {
      for (const { target } of changes) {
        if (target instanceof HTMLProgressElement) told(target);
        if (target.id === 'announcer') globalThis.announced(target.textContent);
      }
    });
    const what = { subtree: true, attributes: true, attributeFilter: ['value'], childList: true };
    observer.observe(document, what);
  });
}

async function choose(page) {
  await page.locator('#picker:not([disabled])').waitFor({ state: 'attached', timeout: SHOW_MS });
  await page.locator('#picker').setInputFiles(photos);
  await page.locator('#upload').waitFor({ timeout: SHOW_MS });
  const previewed = () =>
    [...document.querySelectorAll('.thumb')].every((thumb) => thumb.dataset.preview !== undefined);
  await page.waitForFunction(previewed, null, { timeout: SHOW_MS });
  return page.locator('#refusals li').allTextContents();
}

/** Waits until no card changes by itself any more, and until that has been said. */
async function finish(page) {
  const over = () =>
    [...document.querySelectorAll('.card')].every((card) =>
      ['ready', 'failed', 'stopped'].includes(card.dataset.state),
    );
  await page.waitForFunction(over, null, { timeout: FINISH_MS });
  const said = () => document.querySelector('#announcer').textContent.includes('Finished');
  await page.waitForFunction(said, null, { timeout: SHOW_MS });
}

/** Each card as it stands, with the widths of the pictures that really loaded. */
async function readCards(page) {
  const cards = [];
  for (const card of await page.locator('.card').all()) {
    await card.scrollIntoViewIfNeeded();
    const results = [];
    for (const result of await card.locator('.result').all()) {
      const picture = result.locator('img');
      await picture.scrollIntoViewIfNeeded();
      await picture.evaluate((image) => image.decode());
      results.push({
        variant: await result.getAttribute('data-variant'),
        facts: await result.locator('.facts li').allTextContents(),
        url: await picture.evaluate((image) => image.src),
        pixels: await picture.evaluate((image) => [image.naturalWidth, image.naturalHeight]),
      });
    }
    const original = card.locator('.original');
    cards.push({
      name: await card.getAttribute('aria-label'),
      preview: await card.locator('.thumb').getAttribute('data-preview'),
      state: await card.getAttribute('data-state'),
      text: await card.locator('.state').textContent(),
      original: await original.evaluate((link) => (link.hidden ? null : link.href)),
      results,
    });
  }
  return cards;
}

async function shoot(page, name, { viewport = PHONE, colorScheme = 'light', fullPage = true } = {}) {
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme });
  await page.screenshot({ path: path.join(output, `${name}.png`), fullPage });
}

async function run(page) {
  const seen = { errors: [], requests: [], bars: {}, announced: [] };
  listen(page, seen);
  await watch(page, seen);
  await page.goto(base);
  const refusals = await choose(page);
  await shoot(page, 'chosen-phone', { fullPage: false });
  await page.locator('#upload').focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('#total').value > 0);
  await shoot(page, 'sending-phone', { fullPage: false });
  await finish(page);
  const cards = await readCards(page);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  await shoot(page, 'done-phone');
  await shoot(page, 'done-phone-dark', { colorScheme: 'dark' });
  await shoot(page, 'done-desktop', { viewport: DESKTOP });
  const summary = await page.locator('#summary').textContent();
  return { refusals, cards, overflow, summary, ...seen };
}

if (!existsSync(executablePath)) {
  console.error(`no Chromium at ${executablePath}: install it, or name it in TUSLINE_CHROMIUM`);
  process.exit(1);
}
await mkdir(output, { recursive: true });
const browser = await chromium.launch({ executablePath, args: ARGS });
try {
  const page = await browser.newPage({ viewport: PHONE, deviceScaleFactor: 2, hasTouch: true });
  const result = await run(page).catch(async (error) => {
    await page.screenshot({ path: path.join(output, 'failure.png') });
    throw error;
  });
  await writeFile(path.join(output, 'result.json'), JSON.stringify(result, null, 2));
} finally {
  await browser.close();
}
