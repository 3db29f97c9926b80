import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A process in a collector's place: it takes every request and keeps nothing. What a real collector does with spans is
 * its own cost and not the stack's.
 */
const server = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(202).end());
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
for (const end of ['disconnect', 'SIGTERM', 'SIGINT']) process.on(end, () => process.exit());
