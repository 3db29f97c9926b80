import { processOwners, pureCores } from './ambient-inputs.ts';
import { noCycles } from './cycles.ts';
import { declaredDependencies } from './dependencies.ts';
import { fileNames, fileSize, noDefaultExport } from './file-shape.ts';
import { importDirection, packageFace, zeromqOwners } from './import-direction.ts';
import { noLeftovers, noMachinePaths } from './leftovers.ts';
import type { Rule } from './workspace.ts';

/** Every rule of the house, in the order they are reported. */
export const RULES: readonly Rule[] = [
  importDirection,
  zeromqOwners,
  noCycles,
  packageFace,
  pureCores,
  processOwners,
  noLeftovers,
  noMachinePaths,
  fileNames,
  fileSize,
  noDefaultExport,
  declaredDependencies,
];
