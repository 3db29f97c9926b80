import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { SourceFile } from './workspace.ts';

const FOLDERS = ['monitoring', 'bin', 'libs', 'services', 'test', 'bench'];

/** Reads the `.ts` files and manifests of the repository at `root`, without `node_modules`, hidden folders and links. */
export function readTree(root: string): SourceFile[] {
  const paths = ['package.json', ...FOLDERS.flatMap((folder) => pathsBelow(root, folder))];
  return paths.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

function pathsBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) return isOurs(entry.name) ? pathsBelow(root, path) : [];
    return entry.isFile() && (entry.name.endsWith('.ts') || entry.name === 'package.json') ? [path] : [];
  });
}

function isOurs(folder: string): boolean {
  return folder !== 'node_modules' && !folder.startsWith('.');
}
