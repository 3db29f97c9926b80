import { codesIn, exitCodesIn, venueCodesIn } from './error-codes.ts';
import type { Workspace } from './workspace.ts';

/** Which tables of `docs/errors.md`, by the heading of their first column, have to name which codes of the sources. */
const TABLES = [
  { heading: 'Code', find: codesIn, namesPlace: true },
  { heading: 'Exit code', find: exitCodesIn, namesPlace: false },
  { heading: 'Venue code', find: venueCodesIn, namesPlace: false },
] as const;

/**
 * How the document and the sources differ, one line each: a code without a row, a row without a code, a row twice, with
 * an empty cell, or with a place (second column, in code spans) where the code is not.
 */
export function errorsDocFaults(doc: string, workspace: Workspace): string[] {
  return TABLES.flatMap(({ heading, find, namesPlace }) => {
    const codes = find(workspace);
    const rows = rowsOf(doc, heading);
    const documented = rows.map(([cell = '']) => codeSpans(cell)[0] ?? cell);
    const missing = [...codes].filter(([code]) => !documented.includes(code));
    return [
      ...missing.map(([code, files]) => `${heading} ${code} of ${files.join(', ')} is not documented`),
      ...rows.flatMap((cells, at) => {
        const code = documented[at] ?? '';
        const files = codes.get(code);
        const places = namesPlace && files !== undefined ? codeSpans(cells[1] ?? '') : [];
        const wrong = places.filter((place) => !files?.some((file) => file.startsWith(`${place}/`)));
        return [
          ...(files === undefined ? [`${heading} ${code} is documented, but not in the sources`] : []),
          ...(documented.indexOf(code) < at ? [`${heading} ${code} is documented twice`] : []),
          ...(cells.some((cell) => cell === '') ? [`${heading} ${code} has an empty cell`] : []),
          ...wrong.map((place) => `${heading} ${code} is not in ${place}`),
        ];
      }),
    ];
  });
}

/** The cells of every row of the tables whose first column has the given heading. */
function rowsOf(doc: string, heading: string): string[][] {
  const rows: string[][] = [];
  let inTable: boolean | undefined;
  for (const line of doc.split('\n')) {
    const cells = line.startsWith('|') ? cellsOf(line) : undefined;
    if (cells === undefined) inTable = undefined;
    else if (inTable === undefined) inTable = cells[0] === heading;
    else if (inTable && !/^-+$/.test(cells[0] ?? '')) rows.push(cells);
  }
  return rows;
}

function cellsOf(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function codeSpans(cell: string): string[] {
  return Array.from(cell.matchAll(/`([^`]+)`/g), ([, code = '']) => code);
}
