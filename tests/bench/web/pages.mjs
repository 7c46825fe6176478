// node pages.mjs BASE TOKEN MODULES SEARCH…: time from the address to a drawn front, and the main thread's time for a change of the view.
import { createRequire } from 'node:module';
import path from 'node:path';

const [base, token, modules, ...searches] = process.argv.slice(2);
const { chromium } = createRequire(path.join(modules, 'node_modules', 'x.js'))('playwright-core');
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] });
const context = await browser.newContext({ viewport: { width: 1400, height: 900 } }), page = await context.newPage();
await page.goto(`${base}#login=${token}`);
await page.waitForSelector('nav a');
for (const id of searches) {
  await page.goto('about:blank');
  const start = Date.now();
  await page.goto(`${base}#/search/${id}/front`);
  await page.waitForSelector('.canvas canvas, .canvas svg', { timeout: 60000 });
  await page.evaluate(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r))));
  const drawn = Date.now() - start;
  const redraw = await page.evaluate(async () => {
    const times = [];
    for (let k = 0; k < 7; k++) {
      const before = performance.now();
      history.replaceState(null, '', location.hash.split('?')[0] + '?ci=' + (k % 2));
      window.dispatchEvent(new Event('viewchange'));
      await new Promise((r) => setTimeout(r, 0));
      times.push(performance.now() - before);
      await new Promise((r) => setTimeout(r, 300));
    }
    return times.sort((a, b) => a - b)[3];
  });
  console.log(`search ${id}, ${(await page.textContent('.filter .muted')).trim()}: front drawn ${drawn} ms after the address, drawn again with ${redraw.toFixed(0)} ms of the main thread`);
}
await browser.close();
