// The pages in a real browser: node pages.mjs do|look LINK TOKEN PICTURES_FOLDER MODULES_FOLDER. look: every page in both themes and at two widths without an error, axe-core's findings.
// do: login, the keyboard, links that show the same elsewhere, a result that appears by itself, orders that do what they say. Prints one line for each thing checked.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';

const [what, link, token, pictures, modules] = process.argv.slice(2);
const require = createRequire(path.join(modules, 'node_modules', 'x.js'));
const { chromium } = require('playwright-core');
const axeSource = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const base = link.split('#')[0];
let checks = 0;
const wrong = [];
const check = (ok, text) => { checks++; if (!ok) { wrong.push(text); console.log('WRONG: ' + text); } };

const PAGES = [['searches', 'searches', 'table'], ['front', 'search/1/front', '.canvas svg, .canvas canvas'], ['history', 'search/1/history', '.canvas svg, .canvas canvas'], ['genes', 'search/1/genes', '.alleles'],
  ['individuals', 'search/1/individuals', 'tbody tr'], ['settings', 'search/1/settings', 'dl'], ['individual', 'search/1/i/3?with=2', '.strip'], ['farm', 'farm', '.board'], ['board', 'farm/bench-1', 'dl'], ['queue', 'queue', 'table'],
  ['compare', 'compare?s=1,2', '.canvas svg, .canvas canvas'], ['admin', 'admin', 'table'], ['new', 'new', 'textarea'], ['fork', 'new?fork=1', 'form']];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] });

/** A page that keeps what went wrong in it. */
async function open(options, how = { secret: token }) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const page = await context.newPage();
  page.errors = [];
  page.on('pageerror', (e) => page.errors.push(e.message));
  page.on('console', (m) => { if (m.type() === 'error' && !/401|403|404/.test(m.text())) page.errors.push(m.text()); });
  if (how.link) await page.goto(how.link);
  else await page.goto(`${base}#login=${how.secret}`);
  await page.waitForSelector('h1');
  return page;
}

async function everyPage(name, options, axe) {
  const page = await open(options);
  for (const [key, hash, selector] of PAGES) {
    await page.goto(`${base}#/${hash}`);
    await page.waitForSelector(selector, { timeout: 10000 }).catch(() => check(false, `${name} ${key}: ${selector} does not appear`));
    await page.waitForTimeout(250);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    check(wide <= 1, `${name} ${key}: ${wide} px wider than the window`);
    if (axe) {
      await page.evaluate(axeSource); // by the debugger, which the page's policy does not bind
      const found = await page.evaluate(async () => { return (await window.axe.run()).violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.slice(0, 2).map((n) => n.html.slice(0, 140)).join(' | ')}`); }).catch((e) => ['axe did not run: ' + e.message]);
      check(!found.length, `${name} ${key}: ${found.join('; ')}`);
    }
    await page.screenshot({ path: path.join(pictures, `${name}-${key}.png`), fullPage: true });
  }
  check(!page.errors.length, `${name}: ${[...new Set(page.errors)].slice(0, 4).join('; ')}`);
  await page.context().close();
}

async function login() {
  const page = await open({}, { link });
  await page.waitForSelector('nav a');
  check(!(await page.url()).includes('login'), 'the code stays in the address');
  const cookies = await page.context().cookies();
  check(cookies.length === 1 && cookies[0].httpOnly && cookies[0].sameSite === 'Strict', `cookies: ${JSON.stringify(cookies)}`);
  const again = await open({}, { link });
  check((await again.textContent('main')).includes('works once'), 'the link works twice');
  await again.fill('input', token);
  await again.keyboard.press('Enter');
  await again.waitForSelector('nav a');
  check(true, 'login by token');
  await again.click('#leave');
  await again.waitForSelector('.login');
  await again.context().close();
  return page;
}

async function sameElsewhere(page) {
  await page.goto(`${base}#/search/1/front`);
  await page.waitForSelector('.canvas svg');
  await page.click('text=Knee of the front');
  await page.selectOption('select[aria-label="horizontal axis"]', '0');
  await page.selectOption('select[aria-label="vertical axis"]', '1');
  await page.click('button:has-text("Filter")');
  await page.selectOption('select[aria-label="choice of a gene"]', 'w2=1');
  await page.waitForSelector('.chip');
  const shown = async (p) => ({ chips: await p.locator('.chip').allTextContents(), note: await p.textContent('.chart-card .note'), pick: await p.textContent('.pick h2'), x: await p.inputValue('select[aria-label="horizontal axis"]') });
  const here = await shown(page), other = await open();
  await other.goto(page.url());
  await other.waitForSelector('.canvas svg');
  await other.waitForTimeout(300);
  const there = await shown(other);
  check(JSON.stringify(here) === JSON.stringify(there), `the same address shows ${JSON.stringify(here)} and ${JSON.stringify(there)}`);
  check(here.chips.length === 1 && here.pick.startsWith('Individual #') && here.x === '0', `filter, axes and choice: ${JSON.stringify(here)}`);
  await other.goto(`${base}#/search/1/individuals?g.w2=1`);
  await other.waitForSelector('tbody tr');
  check((await other.locator('tbody tr td:last-child').allTextContents()).every((t) => t.includes('w2=32')), 'the filter does not hold in the table');
  await other.context().close();
}

async function keyboard(page) {
  await page.goto(`${base}#/search/1/front`);
  await page.waitForSelector('.canvas svg');
  await page.focus('.canvas');
  await page.keyboard.press('ArrowRight');
  const first = await page.textContent('.pick h2');
  await page.keyboard.press('ArrowRight');
  check(first.startsWith('Individual #') && (await page.textContent('.pick h2')) !== first, 'arrow keys do not walk along the front');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.strip');
  check(page.url().includes('/i/'), 'Enter does not open the individual');
  await page.goto(`${base}#/searches`);
  await page.waitForSelector('tbody a');
  for (let i = 0; i < 40 && !(await page.evaluate(() => document.activeElement?.closest('tbody') && document.activeElement.tagName === 'A')); i++) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[role=tab]');
  check(page.url().includes('search/'), 'a search is not reached by Tab and Enter');
}

async function downloads(page) {
  await page.goto(`${base}#/search/1/front`);
  await page.waitForSelector('.canvas svg');
  for (const [button, begin] of [['SVG', '<svg'], ['PNG', '\x89PNG']]) {
    const [file] = await Promise.all([page.waitForEvent('download'), page.click(`.chart-card button:has-text("${button}")`)]);
    const data = fs.readFileSync(await file.path(), 'latin1');
    check(data.startsWith(begin) && data.length > 5000, `${button}: ${data.length} bytes beginning ${data.slice(0, 10)}`);
  }
  await page.click('.chart-card button:has-text("Table")');
  check(await page.locator('.chart-table tbody tr').count() > 5, 'the table of the chart is empty');
}

async function brush(page) {
  await page.goto(`${base}#/search/1/front`);
  await page.waitForSelector('.canvas svg');
  await page.click('button:has-text("Select")');
  const box = await page.locator('.canvas').first().boundingBox();
  await page.mouse.move(box.x + box.width * 0.2, box.y + box.height * 0.15);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.8, { steps: 8 });
  await page.mouse.up();
  await page.waitForSelector('.chip', { timeout: 4000 }).catch(() => {});
  check(await page.locator('.chip').count() === 2, 'a rectangle on the front does not filter');
}

/** Orders in the page, and what they do seen by the page itself (nothing is loaded anew). */
async function steering(page) {
  await page.goto(`${base}#/searches`);
  await page.click('a:has-text("steered")');
  await page.waitForSelector('[role=tab]');
  const before = Number((await page.textContent('.filter .muted')).replace(/\D/g, ''));
  let now = before;
  for (const until = Date.now() + 15000; now <= before && Date.now() < until;) now = Number((await page.textContent('.filter .muted')).replace(/\D/g, ''));
  check(now > before, 'new individuals do not appear');
  const order = async (button, confirm, state, fillIn) => {
    await page.click(`.page-head button:text-is("${button}")`);
    await page.waitForSelector('dialog[open]');
    if (fillIn) await page.fill('dialog input', fillIn);
    await page.click(`dialog button:has-text("${confirm}")`);
    await page.waitForSelector(state, { timeout: 8000 }).then(() => check(true, button), () => check(false, `${button}: ${state} does not appear`));
  };
  await order('Pause', 'Pause', '.badge.s-paused');
  await order('Resume', 'Resume', '.badge.s-running');
  await order('Extend', 'Extend', '.progress:has-text("5 010")', '10');
  await page.click('.page-head button:text-is("End")');
  await page.click('dialog button:has-text("Leave it")');
  check(await page.locator('.badge.s-running').count() > 0, 'an order that was not confirmed is given');
  await order('End', 'End it', '.badge.s-canceled');
  await page.goto(`${base}#/farm/bench-2`);
  await page.click('button:has-text("Drain")');
  await page.fill('dialog input', 'dust');
  await page.click('dialog button:has-text("Drain")');
  await page.waitForSelector('dd:has-text("dust")', { timeout: 8000 }).then(() => check(true, 'drain'), () => check(false, 'the drained board does not show why'));
  check(!page.errors.length, `while steering: ${page.errors.join('; ')}`);
}

fs.mkdirSync(pictures, { recursive: true });
if (what === 'look') {
  await everyPage('light', {}, true);
  await everyPage('dark', { colorScheme: 'dark' }, true);
  await everyPage('phone', { viewport: { width: 390, height: 844 }, hasTouch: true }, true);
} else {
  const page = await login();
  await steering(page);
  await sameElsewhere(page);
  await keyboard(page);
  await downloads(page);
  await brush(page);
  check(!page.errors.length, page.errors.join('; '));
}
await browser.close();
console.log(`${checks - wrong.length} of ${checks} checks passed`);
process.exit(wrong.length ? 1 : 0);
