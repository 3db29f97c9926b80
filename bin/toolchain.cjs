// From whatever Node ≥ 20 started us to the pinned toolchain: Node 24, installed dependencies, then the CLI itself.
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const { enableCompileCache } = require('node:module');
const os = require('node:os');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const NODE_VERSION = '24.21.0';
const MIN_NODE_MAJOR = 24;
const ROOT = path.join(__dirname, '..');
const CACHE = path.join(ROOT, 'node_modules/.cache/tickpath');
const NODE_CACHE = path.join(CACHE, 'toolchain.json');
const INSTALL_MARKER = path.join(CACHE, 'installed.json');
const COMPILED = path.join(CACHE, 'compiled');
const MANIFEST_FOLDERS = ['libs', 'services'];
const MANIFESTS = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc', 'bin/cli', 'test', 'bench'];

/** Set for the process that goes on under the right Node. */
const CONTINUED_VARIABLE = 'TICKPATH_CONTINUED';
const STARTER_POLL_MS = 250;

class ToolchainError extends Error {}

async function run() {
  endWithStarter();
  try {
    if (majorOf(process.version) < MIN_NODE_MAJOR) {
      continueUnder(findNode());
      return;
    }
    process.env.PATH = pathWith(process.execPath);
    ensureInstalled();
    keepCompiledCode();
  } catch (error) {
    if (!(error instanceof ToolchainError)) throw error;
    console.error(`tickpath: ${error.message}`);
    process.exit(1);
  }
  const { main } = await import(pathToFileURL(path.join(__dirname, 'cli/src/main.ts')).href);
  process.exit(await main(process.argv.slice(2)));
}

/**
 * Code is compiled once for all processes of all runs: each starts with half the work. Node holds what it kept against the
 * source, and does without where it may not write.
 */
function keepCompiledCode() {
  process.env.NODE_COMPILE_CACHE ??= COMPILED;
  enableCompileCache();
}

/** The path of a Node that can run Tickpath: the one found before if it still answers, else fetched through npx. */
function findNode() {
  const cached = readJson(NODE_CACHE)?.node;
  if (typeof cached === 'string' && canRunTickpath(cached)) return cached;
  console.error(`fetching Node ${NODE_VERSION} (this is ${process.version})…`);
  const fetched = npx(['-p', `node@${NODE_VERSION}`, 'node', '-p', 'process.execPath'], { cwd: os.tmpdir() });
  const node = fetched.stdout.trim().split('\n').at(-1) ?? '';
  if (fetched.status !== 0 || !canRunTickpath(node)) {
    throw new ToolchainError(
      `needs Node ${MIN_NODE_MAJOR} or later, this is ${process.version}, and npx could not fetch it: ${reasonOf(fetched)}`,
    );
  }
  writeJson(NODE_CACHE, { node });
  return node;
}

function canRunTickpath(node) {
  if (!fs.existsSync(node)) return false;
  const { status, stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  return status === 0 && majorOf(stdout.trim()) >= MIN_NODE_MAJOR;
}

/**
 * Runs this same command under another Node and ends as it ends. Signals are passed on, for one that was sent to this
 * process alone; a terminal sends Ctrl-C to both, and the supervisor takes two at once for one.
 */
function continueUnder(node) {
  const child = spawn(node, [path.join(__dirname, 'tickpath'), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, PATH: pathWith(node), [CONTINUED_VARIABLE]: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`tickpath: ${node} does not run: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/**
 * Ends this process when the one that started it is gone, if that was npm or our own first process: the shell between
 * npm and us does not pass a signal on, it just dies, and all services would be left running.
 */
function endWithStarter() {
  const isContinued = process.env[CONTINUED_VARIABLE] === '1';
  delete process.env[CONTINUED_VARIABLE];
  if (!isContinued && process.env.npm_lifecycle_event === undefined) return;
  const starter = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === starter) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, STARTER_POLL_MS);
  timer.unref();
}

/** Installs when the lockfile or a manifest is not the one that was installed last. Otherwise touches no network. */
function ensureInstalled() {
  const hash = manifestsHash();
  if (readJson(INSTALL_MARKER)?.hash === hash && fs.existsSync(path.join(ROOT, 'node_modules/.modules.yaml'))) return;
  console.error('installing dependencies…');
  const version = readJson(path.join(ROOT, 'package.json')).packageManager.split('@')[1];
  // This is the pinned pnpm already: it need not fetch itself and note that in the lockfile.
  const args = ['install', '--frozen-lockfile', '--config.pmOnFail=ignore'];
  const installed = installedPnpmServes(version)
    ? spawnSync('pnpm', args, { cwd: ROOT, encoding: 'utf8', env: quietEnv() })
    : npx([`pnpm@${version}`, ...args], { cwd: ROOT });
  if (installed.status !== 0) throw new ToolchainError(`dependencies could not be installed: ${reasonOf(installed)}`);
  writeJson(INSTALL_MARKER, { hash });
}

function manifestsHash() {
  const packages = MANIFEST_FOLDERS.flatMap((folder) =>
    fs.readdirSync(path.join(ROOT, folder)).map((name) => `${folder}/${name}`),
  );
  const hash = createHash('sha256');
  for (const name of [...MANIFESTS, ...packages].sort()) {
    const file = path.join(ROOT, name);
    const manifest = fs.statSync(file, { throwIfNoEntry: false })?.isDirectory()
      ? path.join(file, 'package.json')
      : file;
    if (fs.existsSync(manifest)) hash.update(`${name}\0`).update(fs.readFileSync(manifest)).update('\0');
  }
  return hash.digest('hex');
}

/** True if a `pnpm` of the pinned major, at least as new, is on the PATH. Asked outside the workspace, where it does not switch versions. */
function installedPnpmServes(pinned) {
  const { status, stdout } = spawnSync('pnpm', ['--version'], { cwd: os.tmpdir(), encoding: 'utf8', env: quietEnv() });
  if (status !== 0) return false;
  const [major, minor, patch] = stdout.trim().split('.').map(Number);
  const [wantedMajor, wantedMinor, wantedPatch] = pinned.split('.').map(Number);
  return major === wantedMajor && (minor > wantedMinor || (minor === wantedMinor && patch >= wantedPatch));
}

function npx(args, { cwd }) {
  return spawnSync('npx', ['--yes', ...args], { cwd, encoding: 'utf8', env: quietEnv(), maxBuffer: 64 * 1024 * 1024 });
}

function quietEnv() {
  return { ...process.env, CI: 'true', npm_config_loglevel: 'error', COREPACK_ENABLE_DOWNLOAD_PROMPT: '0' };
}

/** Why a tool failed, on one line: the line of its output that names an error, else the last one. */
function reasonOf({ error, status, stdout, stderr }) {
  if (error) return error.code === 'ENOENT' ? `${error.path} is not on the PATH` : error.message;
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.trim());
  const telling = lines.filter(
    (line) => line !== '' && !/A complete log of this run|^npm (?:warn|error (?:code|errno|syscall))/i.test(line),
  );
  return telling.find((line) => /\berr(?:or)?\b|ERR_/i.test(line)) ?? telling.at(-1) ?? `exit code ${status}`;
}

function pathWith(node) {
  const first = path.dirname(node);
  const rest = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== first);
  return [first, ...rest].join(path.delimiter);
}

function majorOf(version) {
  return Number(version.replace(/^v/, '').split('.')[0]);
}

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function writeJson(file, value) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `${JSON.stringify(value)}\n`);
}

module.exports = { run };
