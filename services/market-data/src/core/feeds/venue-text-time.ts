const NS_PER_SECOND = 1_000_000_000n;

/** RFC 3339 text of Unix ns, in UTC with nine decimals; of a time before 1970 that of 1970. */
export function rfc3339(ns: bigint): string {
  const tsNs = ns > 0n ? ns : 0n;
  const second = new Date(Number(tsNs / NS_PER_SECOND) * 1_000).toISOString().slice(0, 19);
  return `${second}.${String(tsNs % NS_PER_SECOND).padStart(9, '0')}Z`;
}
