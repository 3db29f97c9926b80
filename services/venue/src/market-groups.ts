import type { AssetClass } from '@tickpath/trading';
import type { MarketEvent } from './core/market/event.ts';
import { channelOf, MARKET_CHANNELS, type MarketChannel } from './core/protocol/market-channels.ts';
import type { EncodedBatch, MarketEncoding } from './core/protocol/market-encoding.ts';
import { type MarketSession, subscriptionKey } from './core/protocol/market-session.ts';

/** Clients that get the same events in the same encoding, so that a frame is put together once for all of them. */
interface Group<Client> {
  readonly key: string;
  readonly encoding: MarketEncoding;
  readonly session: MarketSession;
  readonly members: Set<Client>;
  /** Indexes of the events it wants, of those being published. */
  wanted: number[];
}

interface ChannelIndex<Client> {
  /** Groups subscribed to `*`. */
  readonly all: Set<Group<Client>>;
  readonly bySymbol: Map<string, Set<Group<Client>>>;
}

/**
 * Who gets what. Work for an event is proportional to the groups that want it, whatever the number of clients.
 */
export class MarketGroups<Client extends object> {
  readonly #groups = new Map<string, Group<Client>>();
  readonly #groupOf = new Map<Client, Group<Client>>();
  readonly #indexes: Readonly<Record<AssetClass, Readonly<Record<MarketChannel, ChannelIndex<Client>>>>> = {
    us_equity: channelIndexes(),
    crypto: channelIndexes(),
  };

  /** Clients with a subscription. */
  get subscriberCount(): number {
    return this.#groupOf.size;
  }

  /** Puts a client where its session now belongs; out of all when it is subscribed to nothing. */
  place(client: Client, session: MarketSession, encoding: MarketEncoding): void {
    const isSubscribed = session.phase === 'subscribed';
    const key = `${session.endpoint.assetClass};${encoding.name};${isSubscribed ? subscriptionKey(session) : ''}`;
    if (isSubscribed && this.#groupOf.get(client)?.key === key) return;
    this.remove(client);
    if (!isSubscribed) return;
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { key, encoding, session: frozenCopy(session), members: new Set(), wanted: [] };
      this.#groups.set(key, group);
      this.#addToIndexes(group);
    }
    group.members.add(client);
    this.#groupOf.set(client, group);
  }

  remove(client: Client): void {
    const group = this.#groupOf.get(client);
    if (group === undefined) return;
    this.#groupOf.delete(client);
    group.members.delete(client);
    if (group.members.size > 0) return;
    this.#groups.delete(group.key);
    this.#removeFromIndexes(group);
  }

  /** Hands each frame of these events to `send`, with those who are to get it. */
  publish(
    events: readonly MarketEvent[],
    send: (frame: Uint8Array, encoding: MarketEncoding, members: ReadonlySet<Client>) => void,
  ): void {
    const touched: Group<Client>[] = [];
    const want = (group: Group<Client>, index: number) => {
      if (group.wanted.length === 0) touched.push(group);
      group.wanted.push(index);
    };
    for (const [index, event] of events.entries()) {
      const { assetClass, symbol } = event.instrument;
      const { all, bySymbol } = this.#indexes[assetClass][channelOf(event)];
      for (const group of all) want(group, index);
      for (const group of bySymbol.get(symbol) ?? []) want(group, index);
    }
    const batches = new Map<MarketEncoding, EncodedBatch>();
    for (const group of touched) {
      const { encoding, wanted, members } = group;
      let batch = batches.get(encoding);
      if (batch === undefined) {
        batch = encoding.batch(events);
        batches.set(encoding, batch);
      }
      group.wanted = [];
      send(batch.frame(wanted), encoding, members);
    }
  }

  #addToIndexes(group: Group<Client>): void {
    this.#eachSubscription(group, (index, symbol) => {
      if (symbol === '*') return void index.all.add(group);
      const groups = index.bySymbol.get(symbol);
      if (groups === undefined) index.bySymbol.set(symbol, new Set([group]));
      else groups.add(group);
    });
  }

  #removeFromIndexes(group: Group<Client>): void {
    this.#eachSubscription(group, (index, symbol) => {
      if (symbol === '*') return void index.all.delete(group);
      const groups = index.bySymbol.get(symbol);
      groups?.delete(group);
      if (groups?.size === 0) index.bySymbol.delete(symbol);
    });
  }

  /** `*` stands for every symbol beside it, so that no group gets an event twice. */
  #eachSubscription({ session }: Group<Client>, take: (index: ChannelIndex<Client>, symbol: string) => void): void {
    const indexes = this.#indexes[session.endpoint.assetClass];
    for (const channel of MARKET_CHANNELS) {
      const symbols = session.channels[channel];
      if (symbols.has('*')) take(indexes[channel], '*');
      else for (const symbol of symbols) take(indexes[channel], symbol);
    }
  }
}

function channelIndexes<Client>(): Record<MarketChannel, ChannelIndex<Client>> {
  const indexes = MARKET_CHANNELS.map((channel) => [channel, { all: new Set(), bySymbol: new Map() }] as const);
  return Object.fromEntries(indexes) as unknown as Record<MarketChannel, ChannelIndex<Client>>;
}

/** A session goes on changing; what its group gets does not. */
function frozenCopy(session: MarketSession): MarketSession {
  const sets = MARKET_CHANNELS.map((channel) => [channel, new Set(session.channels[channel])] as const);
  return { ...session, channels: Object.fromEntries(sets) as Record<MarketChannel, Set<string>> };
}
