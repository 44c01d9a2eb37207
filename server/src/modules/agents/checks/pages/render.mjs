// Runs inside of the sandbox, without network: opens pages in Chromium by its DevTools protocol, on a pipe, and prints
// what a person would stumble over as one line of JSON. Arguments: paths of pages.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { audit } from './audit.mjs';

const candidates = [
  '/usr/lib/chromium/chromium',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/lib/chromium-browser/chromium-browser',
  '/opt/google/chrome/chrome',
];
const options = [
  '--headless=new',
  // The sandbox around it is the wall; Chromium's own needs rights that there are none of.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-extensions',
  '--hide-scrollbars',
  '--remote-debugging-pipe',
  '--user-data-dir=/tmp/chromium',
];
const loadMs = 15_000;
/** A page in an endless loop answers nothing, not even the wish to close it. */
const answerMs = 25_000;
const sizes = [
  { width: 1280, height: 800 },
  { width: 360, height: 740 },
];

const browserPath = candidates.find((path) => existsSync(path));
if (browserPath === undefined) print({ missing: true });
else print({ pages: await renderAll(browserPath, process.argv.slice(1)) });
// Timers and targets that do not answer keep nothing waiting.
process.exit(0);

function print(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function renderAll(path, pages) {
  const browser = spawn(path, options, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const protocol = connect(browser);
  try {
    const results = [];
    for (const page of pages) results.push({ path: page, problems: await renderPage(protocol, page) });
    return results;
  } finally {
    browser.kill('SIGKILL');
    for (const pipe of browser.stdio) pipe?.destroy();
  }
}

/** Messages of the protocol end with a zero byte. */
function connect(browser) {
  const waiting = new Map();
  const listeners = new Set();
  let nextId = 1;
  let rest = '';
  const end = (reason) => {
    for (const { reject } of waiting.values()) reject(new Error(reason));
    waiting.clear();
  };
  browser.once('error', (error) => end(error.message));
  browser.once('exit', (code) => end(`Chromium ended with ${code}`));
  browser.stdio[3].on('error', () => undefined);
  browser.stdio[4].setEncoding('utf8').on('data', (part) => {
    const messages = (rest + part).split('\0');
    rest = messages.pop();
    for (const text of messages) {
      const message = JSON.parse(text);
      const call = waiting.get(message.id);
      waiting.delete(message.id);
      if (call === undefined) for (const listener of listeners) listener(message);
      else if (message.error === undefined) call.resolve(message.result);
      else call.reject(new Error(message.error.message));
    }
  });
  return {
    send(method, params = {}, sessionId = undefined) {
      const id = nextId++;
      return new Promise((resolvePromise, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(id);
          reject(new Error('it does not answer'));
        }, answerMs);
        const settle = (done) => (value) => {
          clearTimeout(timer);
          done(value);
        };
        waiting.set(id, { resolve: settle(resolvePromise), reject: settle(reject) });
        browser.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
      });
    },
    /** Resolves with true when the event comes, with false when it does not in time. */
    once(method, sessionId, timeoutMs) {
      return new Promise((resolvePromise) => {
        const done = (came) => {
          clearTimeout(timer);
          listeners.delete(listener);
          resolvePromise(came);
        };
        const listener = (message) => {
          if (message.method === method && message.sessionId === sessionId) done(true);
        };
        const timer = setTimeout(done, timeoutMs, false);
        listeners.add(listener);
      });
    },
  };
}

async function renderPage(protocol, page) {
  const { targetId } = await protocol.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await protocol.send('Target.attachToTarget', { targetId, flatten: true });
  const send = (method, params) => protocol.send(method, params, sessionId);
  try {
    await send('Page.enable');
    const problems = [];
    for (const [index, size] of sizes.entries()) {
      await send('Emulation.setDeviceMetricsOverride', { ...size, deviceScaleFactor: 1, mobile: false });
      const loaded = protocol.once('Page.loadEventFired', sessionId, loadMs);
      const { frameId, errorText } = await send('Page.navigate', { url: pathToFileURL(resolve(page)).href });
      if (errorText) return [{ kind: 'unloaded', data: { problem: errorText } }];
      if (!(await loaded)) return [{ kind: 'endless', data: {} }];
      // A world of its own: what scripts of the page have done to the language does not reach the audit.
      const { executionContextId } = await send('Page.createIsolatedWorld', { frameId, worldName: 'audit' });
      const { result, exceptionDetails } = await send('Runtime.evaluate', {
        expression: `(${audit})(${index === 0})`,
        contextId: executionContextId,
        returnByValue: true,
        timeout: loadMs,
      });
      if (exceptionDetails) return [{ kind: 'broken', data: { problem: exceptionDetails.text } }];
      const known = new Set(problems.map((problem) => JSON.stringify(problem)));
      const found = result.value.filter((problem) => !known.has(JSON.stringify(problem)));
      problems.push(...(index === 0 ? found : found.map((problem) => ({ ...problem, pixels: size.width }))));
    }
    return problems;
  } catch (error) {
    return [{ kind: 'broken', data: { problem: error.message } }];
  } finally {
    protocol.send('Target.closeTarget', { targetId }).catch(() => undefined);
  }
}
