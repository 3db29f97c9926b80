import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ServiceName } from '@tickpath/runtime';
import { eventually, TestStack } from '@tickpath/testkit';

const SERVICES = ['venue', 'market-data', 'store', 'signal', 'risk', 'execution'] as const satisfies ServiceName[];
const KEY_ID = `PK${randomBytes(9).toString('hex').toUpperCase()}`;
const SECRET_KEY = randomBytes(20).toString('hex');

/** A collector of spans: what tracing sends leaves the machine in a real installation. */
interface Collector {
  readonly url: string;
  /** The bodies of all posts, as text of one byte a character. */
  readonly bodies: string[];
  close(): Promise<void>;
}

async function startCollector(): Promise<Collector> {
  const bodies: string[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('latin1').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      bodies.push(`${JSON.stringify(request.headers)}\n${body}`);
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/traces`, bodies, close };
}

/** Every secret of the installation in each form that it has on its way: as it is, and as part of a header or of JSON. */
function formsOf(secrets: readonly string[]): string[] {
  const joined = [`${KEY_ID}:${SECRET_KEY}`, ...secrets].map((text) => Buffer.from(text).toString('base64'));
  const escaped = secrets.map((secret) => JSON.stringify(secret).slice(1, -1));
  return [...new Set([...secrets, ...escaped, ...joined, ...secrets.map((secret) => encodeURIComponent(secret))])];
}

function curveSecrets(dir: string): string[] {
  const files = readdirSync(dir).filter((file) => file.endsWith('.key'));
  return files.map((file) => (JSON.parse(readFileSync(join(dir, file), 'utf8')) as { secretKey: string }).secretKey);
}

describe('a full run with keys for the venue and for every socket, at log level trace', { timeout: 180_000 }, () => {
  let collector: Collector;
  let stack: TestStack;
  let secrets: string[];
  /** What the stack has shown, by where. */
  const shown = new Map<string, string>();

  before(async () => {
    // As an installation gives them: in the environment, which the supervisor hands to its services.
    Object.assign(process.env, { APCA_API_KEY_ID: KEY_ID, APCA_API_SECRET_KEY: SECRET_KEY });
    collector = await startCollector();
    const averages = ['--signal.momentum.fastBars=2', '--signal.momentum.slowBars=4'];
    const tracing = ['--tracing.exporter=jaeger', `--tracing.url=${collector.url}`];
    stack = await TestStack.start([...averages, ...tracing, '--log.level=trace'], { withKeys: true });
    secrets = [KEY_ID, SECRET_KEY, ...curveSecrets(stack.keysDir)];
    await stack.process.line(/"msg":"fill /, { boundMs: 60_000 });
    await eventually('spans at the collector', () => (collector.bodies.length > 0 ? true : undefined));
    for (const service of SERVICES) {
      shown.set(`/healthz of ${service}`, JSON.stringify(await stack.health(service)));
      shown.set(`/metrics of ${service}`, await stack.metrics(service));
    }
    // Whatever the last words of the processes are, they count.
    await stack.stop();
    stack.process.lines.forEach((line, at) => void shown.set(`line ${at + 1}`, line));
    collector.bodies.forEach((body, at) => void shown.set(`spans ${at + 1}`, body));
  });
  after(async () => {
    if (stack.process.running) await stack.stop();
    await collector.close();
  });

  test('shows none of them in any line, metric, health report or span', () => {
    assert.deepEqual(leaksIn(shown, formsOf(secrets)), []);
  });

  test('would be found to show one, in whatever form, and the finding does not show it again', () => {
    const forms = formsOf(secrets);
    const basic = Buffer.from(`${KEY_ID}:${SECRET_KEY}`).toString('base64');
    for (const planted of [...secrets, basic, encodeURIComponent(secrets.at(-1) ?? '')]) {
      const leaks = leaksIn(new Map([...shown, ['line 0', `{"msg":"found ${planted}"}`]]), forms);
      assert.deepEqual(leaks, ['line 0: {"msg":"found [secret]"}']);
    }
  });

  test('was one in which there was something to leak', () => {
    assert.equal(secrets.length, 2 + 7, 'the venue’s two, and a key for each service, gateway and cli');
    const texts = [...shown.values()];
    for (const service of SERVICES) {
      assert.ok(
        texts.some((text) => text.includes(`"service":"${service}"`)),
        service,
      );
      assert.ok(shown.get(`/metrics of ${service}`)?.includes('tickpath_service_state'), service);
    }
    assert.ok(texts.some((text) => text.includes('"level":"debug"') || text.includes('"level":"trace"')));
    // The venue lets in who has its keys only: whoever traded has used them.
    assert.ok(texts.some((text) => text.includes('"msg":"fill ')));
    assert.ok(collector.bodies.some((body) => body.includes('POST /v2/orders')));
  });
});

/** Where one of the forms is shown, with the text around it but without it. */
function leaksIn(shown: ReadonlyMap<string, string>, forms: readonly string[]): string[] {
  const longestFirst = forms.toSorted((a, b) => b.length - a.length);
  const hidden = (text: string) => longestFirst.reduce((rest, form) => rest.replaceAll(form, '[secret]'), text);
  return [...shown]
    .filter(([, text]) => forms.some((form) => text.includes(form)))
    .map(([place, text]) => `${place}: ${hidden(text).slice(0, 300)}`);
}
