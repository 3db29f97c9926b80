import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyHttpOptions, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CredentialCheck } from './core/protocol/trade-stream-session.ts';
import { type Refusal, refusalBody } from './core/refusal.ts';
import { headerCredentials } from './credentials.ts';
import type { VenueMetrics } from './metrics.ts';

export interface HttpFrameOptions {
  readonly areValid: CredentialCheck;
  /** Resolves when all that an answer may tell of survives the loss of power. */
  readonly settled: () => Promise<void>;
  readonly metrics: Pick<VenueMetrics, 'httpRequest'>;
  readonly log: { error(fields: object, message: string): void };
}

/** Alpaca has answered a wrong key with 403 "forbidden." and, later, with this; the later one is given here. */
const UNAUTHORIZED: Refusal = { status: 401, code: 40110000, message: 'request is not authorized' };
const NO_ENDPOINT: Refusal = { status: 404, code: 40410000, message: 'endpoint not found.' };
const INTERNAL: Refusal = { status: 500, code: 50010000, message: 'internal server error occurred' };

/** How long a request may take to come in, and how often the slow ones are looked for. */
const REQUEST_TIMEOUT_MS = 20_000;
const REQUEST_CHECK_MS = 5000;
const MESSAGE_LENGTH = 200;
const CLIENT_ERROR_STATUS: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

/** What a Fastify instance has to be made with, so that also what no route sees is answered with `{code, message}`. */
export const HTTP_OPTIONS = {
  requestTimeout: REQUEST_TIMEOUT_MS,
  http: { connectionsCheckingInterval: REQUEST_CHECK_MS, headersTimeout: REQUEST_TIMEOUT_MS },
  frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) =>
    refuse(reply, refusalOf(error.statusCode ?? 400, error.message)),
  clientErrorHandler: answerClientError,
} satisfies FastifyHttpOptions<Server>;

export function refuse(reply: FastifyReply, refusal: Refusal): FastifyReply {
  return reply.code(refusal.status).type('application/json; charset=utf-8').send(refusalBody(refusal));
}

/**
 * What all REST paths of the venue share: keys, bodies that are JSON whatever their content type says, errors as
 * `{code, message}`, and answers that leave when what they tell is on the disk.
 */
export function registerHttpFrame(app: FastifyInstance, options: HttpFrameOptions): void {
  const { areValid, settled, metrics, log } = options;
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  // A DELETE may name a content type and have no body; a POST without one is refused where it is read.
  app.addContentTypeParser<string>('*', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parseJson(request, body, done);
  });
  app.addHook('onRequest', (request, reply, done) => {
    const credentials = headerCredentials(request.headers);
    if (credentials !== null && areValid(credentials.keyId, credentials.secretKey)) return done();
    refuse(reply, UNAUTHORIZED);
  });
  app.addHook('onResponse', (request, reply, done) => {
    metrics.httpRequest(`${request.method} ${request.routeOptions.url ?? 'unknown'}`, reply.statusCode);
    done();
  });
  app.addHook('onSend', (_request, _reply, payload, done) => {
    settled().then(() => done(null, payload), done);
  });
  app.setNotFoundHandler((_request, reply) => refuse(reply, NO_ENDPOINT));
  app.setErrorHandler((error, _request, reply) => {
    const { statusCode = 500, message } = error as { statusCode?: number; message: string };
    if (statusCode >= 400 && statusCode < 500) return refuse(reply, refusalOf(statusCode, message));
    log.error({ err: error }, 'a request failed');
    return refuse(reply, INTERNAL);
  });
}

/** Alpaca's codes begin with the status. Fastify repeats what it could not take, however long that is. */
function refusalOf(status: number, message: string): Refusal {
  const isLong = message.length > MESSAGE_LENGTH;
  const text = isLong ? `${message.slice(0, MESSAGE_LENGTH).toWellFormed()}…` : message;
  return { status, code: status * 100_000 + 10_000, message: text };
}

/** Answers what is no HTTP request, where the socket still takes an answer. */
function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = CLIENT_ERROR_STATUS[error.code ?? ''] ?? 400;
  const reason = STATUS_CODES[status] ?? 'Bad Request';
  const body = JSON.stringify(refusalBody(refusalOf(status, reason.toLowerCase())));
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
