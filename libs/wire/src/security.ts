import { inspect } from 'node:util';
import type { Socket } from 'zeromq';
import { isKey, type KeyPair } from './curve-key.ts';
import { loadKeys } from './key-files.ts';
import { NO_METRICS, type WireMetrics } from './metrics-port.ts';
import { createRefusalReporter, type Refusal, type RefusalListener } from './refusals.ts';
import { SecurityError } from './security-error.ts';
import { startZapHandler } from './zap.ts';

/** What the constructor of a socket that binds takes besides its own options; empty without keys. */
export interface ServerOptions {
  readonly curveServer?: true;
  readonly curveSecretKey?: string;
  readonly zapDomain?: string;
  readonly zapEnforceDomain?: true;
  readonly handshakeInterval?: number;
}

/** What the constructor of a socket that connects takes besides its own options; empty without keys. */
export interface ClientOptions {
  readonly curveServerKey?: string;
  readonly curvePublicKey?: string;
  readonly curveSecretKey?: string;
}

/**
 * Who may talk to whom. Options are for spreading into a constructor: there, and only there, they hold the secret.
 *
 * libzmq ends the session of a client it has refused: that socket stays silent for good, and one that sends waits for
 * ever unless it has a timeout. Only a fresh socket tries again. A client with the wrong server key, or one whose server
 * is restarted, goes on trying by itself.
 */
export interface WireSecurity {
  /** For a socket that binds. Give the socket to `watch` as well. */
  serverOptions(): ServerOptions;
  /** For a socket that connects to the service of that name. Throws `PEER_UNKNOWN` if no key of it is known. */
  clientOptions(serverName: string): ClientOptions;
  /**
   * Has refusals counted that come before any key is shown: other mechanisms, a wrong server key, a peer that leaves
   * during the handshake (which one of ours may that is closed just then). To be called before `bind`. Reads the socket's
   * events with `on`, and so must who else wants them.
   */
  watch(server: Socket): void;
  /** Ends admission: nobody new is let in at this process's sockets. Close these first. */
  close(): void;
}

export interface SecurityOptions {
  readonly own: KeyPair;
  /** Public keys by name: who is let in, and what a server must prove to own. */
  readonly peers: Readonly<Record<string, string>>;
  readonly metrics?: WireMetrics;
  /** For the log: called once for each address and key, at most ten times a minute. */
  readonly onRefused: RefusalListener;
}

/** The keys of a socket that connects: none, or this process's and the service whose key the other side must prove. */
export type ClientSecurity =
  | { readonly security?: never }
  | { readonly security: WireSecurity; readonly server: string };

/** Any text: libzmq asks the handler for certain, and refuses for want of one, only where a domain is set and enforced. */
const ZAP_DOMAIN = 'tickpath';
/** A handshake that got no answer frees its connection after this, and the client tries again. */
const HANDSHAKE_MS = 5_000;
const REFUSAL_LIMITS = { remembered: 1_000, reportsPerMinute: 10, nowMs: () => performance.now() };

/** Plain sockets, for an installation without keys. */
export const NO_SECURITY: WireSecurity = {
  serverOptions: () => ({}),
  clientOptions: () => ({}),
  watch: () => {},
  close: () => {},
};

/**
 * Starts admission for this process; only one can be open at a time (`SECURITY_ALREADY_OPEN`). To be awaited before any
 * server socket binds: a client that comes when nobody answers for it is refused and loses up to five seconds.
 */
export async function openSecurity(options: SecurityOptions): Promise<WireSecurity> {
  const { own, peers, metrics = NO_METRICS } = options;
  const names = checkedNames(own, peers);
  const report = createRefusalReporter(REFUSAL_LIMITS, options.onRefused);
  const onRefused = (refusal: Refusal) => {
    metrics.refused(refusal.mechanism);
    report(refusal);
  };
  const handler = await startZapHandler({ nameOf: (publicKey) => names.get(publicKey), onRefused });
  return {
    serverOptions: () =>
      unprintable({
        curveServer: true,
        curveSecretKey: own.secretKey,
        zapDomain: ZAP_DOMAIN,
        zapEnforceDomain: true,
        handshakeInterval: HANDSHAKE_MS,
      }),
    clientOptions(serverName) {
      const curveServerKey = Object.hasOwn(peers, serverName) ? peers[serverName] : undefined;
      if (curveServerKey === undefined) {
        throw new SecurityError('PEER_UNKNOWN', `no public key of ${serverName} is known: it is not on the list`);
      }
      return unprintable({ curveServerKey, curvePublicKey: own.publicKey, curveSecretKey: own.secretKey });
    },
    watch: (server) => watchHandshakes(server, onRefused),
    close: handler.close,
  };
}

/** `openSecurity` with the keys that `loadKeys` finds there for that name, and its errors; without a folder `NO_SECURITY`. */
export async function securityFrom(
  keysDir: string | null,
  ownName: string,
  options: Pick<SecurityOptions, 'metrics' | 'onRefused'>,
): Promise<WireSecurity> {
  return keysDir === null ? NO_SECURITY : openSecurity({ ...loadKeys(keysDir, ownName), ...options });
}

/** What the constructor of a socket that connects takes. Throws `PEER_UNKNOWN` if no key of its server is known. */
export function clientOptionsOf(options: ClientSecurity): ClientOptions {
  return options.security === undefined ? {} : options.security.clientOptions(options.server);
}

/** Names by public key. Says where a key is wrong and not what stands there, which may be a secret out of place. */
function checkedNames(own: KeyPair, peers: Readonly<Record<string, string>>): Map<string, string> {
  const places: [place: string, key: unknown][] = [
    ['own.publicKey', own.publicKey],
    ['own.secretKey', own.secretKey],
    ...Object.entries(peers).map(([name, key]): [string, unknown] => [`peers.${name}`, key]),
  ];
  const wrong = places.filter(([, key]) => !isKey(key)).map(([place]) => place);
  if (wrong.length > 0) throw new SecurityError('KEYS_INVALID', `not a key of 40 Z85 characters: ${wrong.join(', ')}`);
  return new Map(Object.entries(peers).map(([name, key]) => [key, name]));
}

/** Keeps the secret out of logs: `{...options}` copies it, JSON and inspection do not see it. */
function unprintable<T extends object>(options: T): T {
  return Object.defineProperties(options, {
    toJSON: { value: () => '[keys]' },
    [inspect.custom]: { value: () => '[keys]' },
  });
}

/** A key that is not listed has an event of its own, left out here: the ZAP handler, with more to tell, reports it. */
function watchHandshakes(server: Socket, onRefused: (refusal: Refusal) => void): void {
  server.events.on('handshake:error:protocol', ({ address, error }) => {
    const mechanism = error.code === 'ERR_ZMTP_MECHANISM_MISMATCH' ? 'other' : 'CURVE';
    onRefused({ mechanism, address, publicKey: undefined, reason: handshakeFault(error.code) });
  });
  server.events.on('handshake:error:other', ({ address }) => {
    const reason = 'it left during the handshake, as a peer without CURVE does';
    onRefused({ mechanism: 'unknown', address, publicKey: undefined, reason });
  });
}

function handshakeFault(code: string): string {
  if (code === 'ERR_ZMTP_MECHANISM_MISMATCH') return 'it does not speak CURVE';
  if (code === 'ERR_ZMTP_CRYPTOGRAPHIC') return 'it takes another server key for ours';
  return `its handshake makes no sense: ${code}`;
}
