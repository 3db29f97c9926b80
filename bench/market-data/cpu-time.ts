/**
 * Microseconds of CPU that a run costs this process, all of its threads together: unlike time by the clock it does not
 * have in it what the machine ran meanwhile.
 */
export function cpuUsOf(run: () => void): number {
  const begun = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(begun);
  return user + system;
}
