// The health check of a service's container: the process is alive and ready. One that is degraded because another
// service is gone, or that must not trade, is healthy all the same: to restart it would help nobody.
import { PORTS } from '../libs/runtime/src/ports.ts';

const { TICKPATH_SERVICE: service, TICKPATH_NETWORK_PORT_OFFSET: offset = '0' } = process.env;
const endpoint = PORTS[`health.${service}`];
if (endpoint === undefined) fail(`TICKPATH_SERVICE is ${service}, no service`);
try {
  const url = `http://127.0.0.1:${endpoint.port + Number(offset)}/readyz`;
  const { status } = await fetch(url, { signal: AbortSignal.timeout(2000) });
  if (status !== 200) fail(`${url} answered ${status}`);
} catch (error) {
  fail(error.cause?.message ?? error.message);
}

function fail(reason) {
  console.log(reason);
  process.exit(1);
}
