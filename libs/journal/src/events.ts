/** What JSON can say. Numbers must be finite: JSON has no others. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** The events of a journal: each type with the shape its payload has today. */
export type EventMap = { readonly [type: string]: unknown };

/** The closed table of the types a journal may hold, each with the schema version that its payload has today. */
export type EventTypes<T extends EventMap = EventMap> = {
  readonly [K in keyof T & string]: EventType;
};

export interface EventType {
  /** From 1; raised with each change of the payload's shape. */
  readonly schema: number;
  /** `upcast[n]` turns a payload of schema n into one of schema n + 1. One for each schema that a file may still hold. */
  readonly upcast?: { readonly [fromSchema: number]: (payload: unknown) => unknown };
}

/** An event to append. The correlation is what began it all (an order's id), the causation the event that led to this one. */
export type NewEvent<T extends EventMap> = {
  [K in keyof T & string]: {
    readonly type: K;
    readonly payload: T[K];
    readonly correlationId?: string | null;
    readonly causationId?: string | null;
  };
}[keyof T & string];

export interface EventHeader {
  /** UUIDv7: its first 48 bits are `tsNs` in milliseconds. */
  readonly eventId: string;
  readonly stream: string;
  /** Of the stream, from 1 without holes. */
  readonly version: number;
  /** Of the journal, from 1 without holes. */
  readonly seq: number;
  /** Unix time in ns at which the transaction began. Not ordered if a clock was set back between two starts. */
  readonly tsNs: bigint;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  /** Of the payload as it is here, after upcasting. */
  readonly schema: number;
  /** CRC-32 of the event as it is stored. */
  readonly checksum: number;
}

/** An event as it was appended, its payload in today's schema. */
export type JournalEvent<T extends EventMap> = {
  [K in keyof T & string]: EventHeader & { readonly type: K; readonly payload: T[K] };
}[keyof T & string];

/** An event as the file has it: no type is unknown, nothing is upcast. For tools that look into journals of others. */
export interface StoredEvent extends EventHeader {
  readonly type: string;
  readonly payload: unknown;
}

/** What names a log: made with the journal; the generation is raised when a tail may have been lost. */
export interface JournalIdentity {
  readonly uuid: string;
  /** From 1. */
  readonly generation: number;
}

/** How far a follower has come in another journal. */
export interface FollowerPosition extends JournalIdentity {
  readonly seq: number;
}
