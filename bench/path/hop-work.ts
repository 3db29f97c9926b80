/**
 * What the processes of a baseline do to the messages that pass. `M` is a marked tick as the work hands it on. The
 * sockets, and who sends what to whom, are the same for every work: `hop.ts`.
 */
export interface HopWork<M> {
  /** Market data: the ticks of a WebSocket frame, as messages for the stream. */
  readFrame(frame: Buffer, onTick: (topic: string, message: Buffer) => void): void;
  /** Followers of the stream: how many ticks a message holds, and which of them are marked. */
  takeTicks(message: Buffer, onMarked: (tick: M) => void): number;
  /** Signal: what to ask risk. */
  riskCheck(tick: M): Buffer;
  /** Risk: the approval for its log and the answer. */
  approve(request: Buffer): { readonly approval: Buffer; readonly decision: Buffer };
  /** Signal again: the answer. */
  takeDecision(decision: Buffer): void;
  /** Execution: the body of the order. */
  orderBody(approval: Buffer): string | Buffer;
  /** Execution again: what the venue answered. */
  takeAnswer(answer: { json(): Promise<unknown>; dump(): Promise<void> }): Promise<unknown>;
}

/** `client_order_id` of a baseline's order: as long as Tickpath's, and the trade id can be read off it. */
export function baselineOrderId(tradeId: string): string {
  return `bn-${tradeId.padStart(26, '0')}`;
}
