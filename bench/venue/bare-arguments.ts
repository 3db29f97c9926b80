/** What `process.argv[2]` says to a baseline's process. */
export interface BareArguments {
  readonly role: 'ticks' | 'orders' | 'relay';
  readonly port: number;
  /** Of `orders`: where its rows go. */
  readonly path?: string;
}
