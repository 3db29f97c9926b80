import { crc32 } from 'node:zlib';

/** An event in the columns of its table, in their order; the payload as JSON text. */
export type EventRow = readonly [
  seq: number,
  eventId: string,
  stream: string,
  version: number,
  tsNs: bigint | string,
  correlationId: string | null,
  causationId: string | null,
  type: string,
  schema: number,
  payload: string,
  checksum: number,
];

/** As `EventRow`; the last cell may be missing or anything. */
export type EventCells = readonly unknown[];

/**
 * CRC-32 of an event: every column but the checksum, as text, a null as nothing, with a line feed between them. Names hold
 * no line feed and ids are not empty (`names.ts`), so no two events have the same text. It finds every change of up to 32
 * adjacent bits, and leaves one in 4,294,967,296 of the others: it is against failing disks, not against forgers.
 */
export function eventChecksum(row: EventCells): number {
  const [seq, eventId, stream, version, tsNs, correlationId, causationId, type, schema, payload] = row;
  return crc32(
    `${seq}\n${eventId}\n${stream}\n${version}\n${tsNs}\n${correlationId ?? ''}\n${causationId ?? ''}\n${type}\n${schema}\n${payload}`,
  );
}

/** CRC-32 of the cells of any other row, in their order, with a line feed between them; bytes as they are. */
export function rowChecksum(cells: readonly (string | number | bigint | Uint8Array)[]): number {
  let sum = 0;
  for (const cell of cells) {
    sum = crc32(cell instanceof Uint8Array ? cell : String(cell), sum);
    sum = crc32('\n', sum);
  }
  return sum;
}
