import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** A file system of a test's own. */
export interface Mounted {
  readonly folder: string;
  /** Unmounts it and removes what it lay in. */
  close(): void;
}

export interface LoopMount extends Mounted {
  /** Makes the kernel treat it as damaged: it refuses every write from then on (`errors=remount-ro`). */
  goReadOnly(): void;
  /** Unmounts, repairs and mounts it again, as after the machine has been started anew: what was not flushed is gone. */
  repair(): void;
}

export type MountResult<T extends Mounted> = T | { readonly unable: string };

/** A tmpfs of so many bytes. Needs root and mount(8). */
export function mountTmpfs(bytes: number): MountResult<Mounted> {
  const base = mkdtempSync(join(tmpdir(), 'tickpath-tmpfs-'));
  const fault = run('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'tickpath-test', base);
  if (fault !== undefined) {
    rmSync(base, { recursive: true });
    return { unable: fault };
  }
  return { folder: base, close: () => closeMount(base, base) };
}

/** An ext4 in a file behind a loop device. Needs root, mount(8), mkfs.ext4 and a kernel that can be told of an error. */
export function mountLoop(bytes: number): MountResult<LoopMount> {
  const base = mkdtempSync(join(tmpdir(), 'tickpath-loop-'));
  const image = join(base, 'image');
  const folder = join(base, 'mounted');
  mkdirSync(folder);
  writeFileSync(image, '');
  const mount = () => run('mount', '-o', 'loop,errors=remount-ro', image, folder);
  const fault = run('truncate', '-s', String(bytes), image) ?? run('mkfs.ext4', '-q', '-F', image) ?? mount();
  if (fault !== undefined) {
    rmSync(base, { recursive: true });
    return { unable: fault };
  }
  return {
    folder,
    goReadOnly: () => writeFileSync(`/sys/fs/ext4/${loopDeviceOf(folder)}/trigger_fs_error`, '1'),
    repair() {
      const failed = run('umount', folder) ?? repairImage(image) ?? mount();
      if (failed !== undefined) throw new Error(failed);
    },
    close: () => closeMount(folder, base),
  };
}

/** Only ever a loop device: the switch must not be thrown for a disk of the machine. */
function loopDeviceOf(folder: string): string {
  const [device = ''] = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, at]) => at === folder)
    .map(([source = '']) => basename(source));
  if (!/^loop\d+$/.test(device)) throw new Error(`${folder} lies on ${device}, which is no loop device`);
  return device;
}

/** e2fsck answers 1 or 2 when it has mended something. */
function repairImage(image: string): string | undefined {
  const { status } = spawnSync('e2fsck', ['-fy', image], { encoding: 'utf8' });
  return status !== null && status < 4 ? undefined : `e2fsck ended with ${status}`;
}

function closeMount(folder: string, base: string): void {
  // A process that is about to end may still hold a file: detach now, let go when it is gone.
  run('umount', '-l', folder);
  rmSync(base, { recursive: true, force: true });
}

function run(program: string, ...args: string[]): string | undefined {
  const { error, status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (error !== undefined) return `${program}: ${error.message}`;
  return status === 0 ? undefined : `${program} ended with ${status}: ${stderr.trim()}`;
}
