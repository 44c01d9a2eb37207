// Runs inside of a guest as an ordinary user: starts long before it is needed, waits for a program, becomes it.
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const v8 = require('node:v8');
const vm = require('node:vm');

function readRequest() {
  const pieces = [];
  const piece = Buffer.alloc(65536);
  for (;;) {
    const count = fs.readSync(3, piece, 0, piece.length, null);
    if (count === 0) break;
    pieces.push(Buffer.from(piece.subarray(0, count)));
  }
  fs.closeSync(3);
  return JSON.parse(Buffer.concat(pieces).toString());
}

/** From the kernel, which the host has given new randomness by now; never 0, which means none. */
function randomSeed() {
  const bytes = Buffer.alloc(4);
  const device = fs.openSync('/dev/urandom', 'r');
  fs.readSync(device, bytes);
  fs.closeSync(device);
  return (bytes.readUInt32BE() & 0x3fffffff) | 1;
}

let request = { cwd: '/workspace', env: process.env, args: [] };

function take(next, seed) {
  request = next;
  // Copies of one machine would all draw the same numbers: V8 takes its seed at the first draw.
  v8.setFlagsFromString(`--random-seed=${seed}`);
  for (const name of Object.keys(process.env)) if (!(name in request.env)) delete process.env[name];
  Object.assign(process.env, request.env);
  process.chdir(request.cwd);
  process.argv = [process.argv[0], ...request.args];
}

const usesModules = /^\s*(?:import\s*[\w{*'"]|export\s)|\bawait\b/m;

function fitsScript(code) {
  try {
    new vm.Script(Module.wrap(code), { filename: 'code.js' });
    return true;
  } catch {
    return !usesModules.test(code);
  }
}

function runScript(code) {
  const file = path.join(request.cwd, 'code.js');
  const main = new Module(file, null);
  main.filename = file;
  main.paths = Module._nodeModulePaths(request.cwd);
  process.mainModule = main;
  main._compile(code, file);
}

function runModule(code) {
  // Beside the other files, so that relative imports find them.
  const file = path.join(request.cwd, `.code-${process.pid}.mjs`);
  fs.writeFileSync(file, code);
  process.on('exit', () => fs.rmSync(file, { force: true }));
  return import(pathToFileURL(file).href);
}

// The first use of everything is slow. Here it happens before the machine is copied, and tells the agent that this
// process is ready: the line's one character is not the program's.
take({ ...request, env: { ...process.env } }, 1);
void process.stderr;
fitsScript('console.log("")');
runScript('console.log("")');
const next = readRequest();
take(next, randomSeed());
// Output is written by now; taking the engine apart would take longer than most programs run.
process.on('exit', (code) => {
  if (process.listenerCount('exit') === 1) process.reallyExit(code);
});
if (request.file !== undefined) {
  process.argv.splice(1, 0, path.resolve(request.file));
  Module.runMain(process.argv[1]);
} else if (fitsScript(request.code)) runScript(request.code);
else void runModule(request.code);
