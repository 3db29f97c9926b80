import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { PORTS } from '@tickpath/runtime';
import { eventually, Outsider } from '@tickpath/testkit';
import { type AccountSample, isComparable, isEqual, readRisk, readVenue, wrongfulApprovals } from './account-watch.ts';
import { readComposeFile } from './compose-file.ts';
import {
  ASK_EVERY_MS,
  ComposeStack,
  docker,
  hasImage,
  PUBLISHED,
  type PublishedService,
  SERVICES,
  type StackService,
  whyNoCompose,
} from './compose-stack.ts';

const MAX_IMAGE_MB = 450;
const ALL_HEALTHY_MS = 60_000;
const FIRST_FILL_MS = 90_000;
const READY_AGAIN_MS = 10_000;
const TRADES_AGAIN_MS = 90_000;
const SAMPLE_EVERY_MS = 100;

/** The services that keep a journal. */
const KEEPERS = ['venue', 'store', 'risk', 'execution'] as const;
const FILLS = 'tickpath_execution_fills_total';
interface AccountUrls {
  readonly risk: string;
  readonly venue: string;
}

const skip = whyNoCompose() ?? false;

describe('the stack on an engine', { skip, timeout: 1_200_000 }, () => {
  let stack: ComposeStack;
  const monitoring: PublishedService[] = [];

  before(async () => {
    stack = await ComposeStack.open();
    const { services } = readComposeFile('docker-compose.yml');
    for (const name of PUBLISHED) {
      const image = services[name]?.image ?? '';
      if (await hasImage(image)) monitoring.push(name);
      else console.log(`could not run: ${name} is left out of the stack, its image ${image} is not on this engine`);
    }
    await stack.compose('build', 'secrets');
  });
  after(() => stack?.close());

  const seconds = (sinceMs: number) => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

  async function allHealthy(boundMs: number): Promise<void> {
    try {
      await eventually(
        'all services healthy',
        async () => ((await stack.unhealthy()) === '' ? true : undefined),
        boundMs,
        ASK_EVERY_MS,
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${await stack.unhealthy()}`);
    }
  }

  async function up(t: TestContext): Promise<number> {
    const begunMs = performance.now();
    await stack.compose('up', '--detach', ...SERVICES, ...monitoring);
    await allHealthy(ALL_HEALTHY_MS - (performance.now() - begunMs));
    t.diagnostic(`all healthy after ${seconds(begunMs)}`);
    return begunMs;
  }

  function moreFillsThan(count: number, boundMs: number): Promise<true> {
    return eventually(
      `more than ${count} fills`,
      async () => ((await stack.metric('execution', FILLS).catch(() => 0)) > count ? true : undefined),
      boundMs,
      ASK_EVERY_MS,
    );
  }

  test(`the image is smaller than ${MAX_IMAGE_MB} MB and has neither tests nor what only they need`, async (t) => {
    const megabytes = Number(await docker(['image', 'inspect', '--format', '{{.Size}}', stack.image])) / 1e6;
    t.diagnostic(`image: ${Math.round(megabytes)} MB`);
    assert.ok(megabytes < MAX_IMAGE_MB, `${megabytes} MB`);
    const names = ['typescript', '@biomejs*', 'fast-check', 'testkit', '_cacache', '*.test.ts', 'bench'];
    const wanted = names.map((name) => `-name '${name}'`).join(' -o ');
    const script = `find /app /root /home \\( ${wanted} \\) -not -path '*/.pnpm/*/node_modules/*/*'`;
    const found = await docker(['run', '--rm', '--network=none', '--user=0', stack.image, 'sh', '-c', script]);
    assert.equal(found.trim(), '');
  });

  test('`up` from nothing: all services healthy, and the first fill', async (t) => {
    const begunMs = await up(t);
    await moreFillsThan(0, FIRST_FILL_MS - (performance.now() - begunMs));
    t.diagnostic(`first fill after ${seconds(begunMs)}`);
  });

  test('no container can do more than its work', async () => {
    for (const service of SERVICES) {
      const script =
        'id -u; grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/1/status; touch /app/x; ls /secrets/*/keys/*.key';
      const out = await stack.compose('exec', '-T', service, 'sh', '-c', `(${script}) 2>&1; true`);
      const own = service === 'venue' ? /No such file/ : new RegExp(`^/secrets/${service}/keys/${service}\\.key$`, 'm');
      for (const expected of [
        /^1000$/m,
        /CapEff:\s+0+$/m,
        /CapBnd:\s+0+$/m,
        /NoNewPrivs:\s+1/,
        /Read-only file system/,
        own,
      ])
        assert.match(out, expected, service);
      assert.equal(out.match(/\.key$/gm)?.length ?? 0, service === 'venue' ? 0 : 1, `${service} sees one key: ${out}`);
    }
  });

  test('a peer without keys gets nothing from a socket', async () => {
    const { address } = await stack.inspect('market-data');
    const refused = async () => {
      const text = await (await fetch(await stack.healthUrl('market-data', '/metrics'))).text();
      const counts = Array.from(text.matchAll(/^tickpath_wire_refused_total\{.*\} (\d+)$/gm), ([, n]) => Number(n));
      return counts.reduce((sum, count) => sum + count, 0);
    };
    const before = await refused();
    const outsider = new Outsider('SUB', `tcp://${address}:${PORTS.marketStream.port}`);
    try {
      await eventually('the refusal is counted', async () => ((await refused()) > before ? true : undefined));
      assert.equal(outsider.received.length, 0);
    } finally {
      outsider.close();
    }
  });

  test('only the monitoring is published, on the loopback of the host', async () => {
    const ids = (await stack.compose('ps', '--quiet')).trim().split('\n');
    const format =
      '{{range $port, $at := .NetworkSettings.Ports}}{{range $at}}{{.HostIp}}:{{.HostPort}} {{end}}{{end}}';
    const published = (await docker(['inspect', '--format', format, ...ids])).trim().split(/\s+/).sort();
    assert.deepEqual(published, monitoring.map((name) => `127.0.0.1:${stack.ports[name]}`).sort());
  });

  test('Prometheus scrapes every service, and Jaeger answers', async (t) => {
    if (monitoring.includes('prometheus')) {
      const query = encodeURIComponent('sum(up{job="tickpath"})');
      const url = `http://127.0.0.1:${stack.ports.prometheus}/api/v1/query?query=${query}`;
      await eventually('all targets up', async () => {
        const answer = (await (await fetch(url)).json()) as { data: { result: { value: [number, string] }[] } };
        return answer.data.result[0]?.value[1] === String(SERVICES.length) ? true : undefined;
      });
    } else t.diagnostic('could not run: Prometheus is not there');
    if (monitoring.includes('jaeger')) {
      const answer = await fetch(`http://127.0.0.1:${stack.ports.jaeger}/api/services`);
      assert.equal(answer.status, 200);
    } else t.diagnostic('could not run: Jaeger is not there');
  });

  test('`down` and `up` again start cleanly, with the same secrets and journals', async (t) => {
    const key = () => stack.compose('exec', '-T', 'risk', 'sha256sum', '/secrets/risk/keys/allowed.json');
    const before = await key();
    const journalsBefore = await journals();
    await stack.compose('down');
    assert.equal((await docker(['ps', '--all', '--quiet', '--filter', `name=^${stack.project}-`])).trim(), '');
    stack.overlay('test/compose/fast-trading.yml');
    const begunMs = await up(t);
    await moreFillsThan(0, FIRST_FILL_MS - (performance.now() - begunMs));
    assert.equal(await key(), before);
    assert.deepEqual(await journals(), journalsBefore);
  });

  /** The UUID of each journal. */
  async function journals(): Promise<string[]> {
    const lists = KEEPERS.map((name) =>
      stack.compose('exec', '-T', name, 'tickpath', 'journal', 'ls', '/data', '--json'),
    );
    return (await Promise.all(lists)).map((line) => (JSON.parse(line) as { uuid: string }).uuid);
  }

  describe('one service at a time', () => {
    const samples: AccountSample[] = [];
    const stopped = new AbortController();
    let watching: Promise<void> | undefined;

    before(async () => {
      const read = (name: string) => stack.compose('exec', '-T', 'venue', 'cat', `/secrets/venue/${name}`);
      const headers = {
        'apca-api-key-id': (await read('alpaca-key-id')).trim(),
        'apca-api-secret-key': (await read('alpaca-secret-key')).trim(),
      };
      watching = watchAccounts(headers);
    });
    after(async () => {
      stopped.abort();
      await watching;
    });

    async function watchAccounts(headers: Record<string, string>): Promise<void> {
      const text = async (url: string) => (await fetch(url, { headers, signal: AbortSignal.timeout(1000) })).text();
      let urls: AccountUrls | undefined;
      while (!stopped.signal.aborted) {
        try {
          urls ??= await accountUrls();
          samples.push(await sampleAccounts(urls, text));
        } catch {
          // One of the two is away, and may come back under another address.
          urls = undefined;
        }
        await new Promise((resolve) => setTimeout(resolve, SAMPLE_EVERY_MS));
      }
    }

    async function accountUrls(): Promise<AccountUrls> {
      const { address } = await stack.inspect('venue');
      const venue = `http://${address}:${PORTS.venue.port}/v2/positions`;
      return { risk: await stack.healthUrl('risk', '/metrics'), venue };
    }

    async function sampleAccounts(urls: AccountUrls, text: (url: string) => Promise<string>): Promise<AccountSample> {
      const before = await text(urls.venue);
      const exposition = await text(urls.risk);
      const after = await text(urls.venue);
      return { ...readRisk(exposition), venue: before === after ? readVenue(JSON.parse(after)) : undefined };
    }

    for (const service of SERVICES) {
      test(`${service} is restarted: it is ready soon, the others notice nothing of it, trading goes on`, (t) =>
        interrupt(t, service, () => stack.compose('restart', service)));

      test(`${service} is killed: it is ready soon, the others notice nothing of it, trading goes on`, (t) =>
        interrupt(t, service, async ({ pid }) => {
          // Of the host: \`docker kill\` would count as a stop that somebody wanted, and the policy would not restart it.
          process.kill(pid, 'SIGKILL');
        }));
    }

    async function interrupt(
      t: TestContext,
      service: StackService,
      how: (state: { pid: number }) => Promise<unknown>,
    ): Promise<void> {
      const others = SERVICES.filter((name) => name !== service);
      const startsOfOthers = () => Promise.all(others.map(async (name) => (await stack.inspect(name)).startedAt));
      const [state, starts] = [await stack.inspect(service), await startsOfOthers()];
      const eventsBefore = stack.events().length;
      const firstSample = samples.length;

      const begunMs = performance.now();
      await how(state);
      await stack.whenReady(service, state.startedAt, READY_AGAIN_MS - (performance.now() - begunMs));
      t.diagnostic(`ready after ${seconds(begunMs)}`);
      const fills = await stack.metric('execution', FILLS);
      await moreFillsThan(fills, TRADES_AGAIN_MS);
      t.diagnostic(`trades after ${seconds(begunMs)}`);
      const tradedSample = samples.length + 1;

      await allHealthy(ALL_HEALTHY_MS);
      assert.deepEqual(await startsOfOthers(), starts, 'no other service was started again');
      const trouble = /^(?<name>\S+) (?:die|oom|health_status: unhealthy)/;
      const troubled = stack
        .events()
        .slice(eventsBefore)
        .filter((line) => trouble.exec(line)?.groups?.name !== service);
      assert.deepEqual(
        troubled.filter((line) => trouble.test(line)),
        [],
        'no other service was unhealthy or died',
      );

      const comparable = await eventually('the books can be compared', () =>
        samples.slice(tradedSample).find(isComparable),
      );
      assert.ok(isEqual(comparable.risk, comparable.venue), `risk ${JSON.stringify(comparable)}`);
      assert.deepEqual(wrongfulApprovals(samples.slice(firstSample)), []);
      t.diagnostic(`the books compared ${samples.slice(firstSample).filter(isComparable).length} times`);
    }
  });

  test('the containers, networks and volumes go with `down -v`', async () => {
    await stack.compose('down', '--volumes');
    const of = ['--quiet', '--filter', `label=com.docker.compose.project=${stack.project}`];
    for (const kind of ['container', 'network', 'volume'] as const)
      assert.equal((await docker([kind, 'ls', ...of])).trim(), '', kind);
  });
});
