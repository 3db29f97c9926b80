import { eventually } from '../builders.ts';
import { HEADERS, type TestClient, type TestVenue } from '../venue-harness.ts';

/** A client of the trade updates that has authenticated and listens; what it was answered is forgotten. */
export async function listener(venue: TestVenue): Promise<TestClient> {
  const client = venue.connect('/stream', { headers: HEADERS });
  await eventually('the stream to open', () => client.socket.readyState === client.socket.OPEN);
  client.send({ action: 'listen', data: { streams: ['trade_updates', 'other'] } });
  await client.received(1);
  client.messages.length = 0;
  return client;
}
