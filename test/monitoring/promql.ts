const FUNCTIONS_AND_WORDS = new Set(
  (
    'abs absent and bool by changes clamp_min count group_left group_right histogram_quantile ignoring increase max ' +
    'min min_over_time offset on or rate sum time unless vector without'
  ).split(' '),
);

/** The metrics and recorded series that an expression names. */
export function seriesIn(expr: string): Set<string> {
  const bare = expr
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\b(by|on|ignoring|without|group_left|group_right)\s*\([^)]*\)/g, ' ')
    .replace(/\boffset\s+\w+/g, ' ')
    .replace(/\$\w+/g, ' ');
  const names = bare.match(/(?<![\w.:])[a-zA-Z_][\w:]*/g) ?? [];
  return new Set(names.filter((name) => !FUNCTIONS_AND_WORDS.has(name)));
}

/** The labels by which an expression selects from each series. */
export function labelsSelected(expr: string): { readonly series: string; readonly label: string }[] {
  return [...expr.matchAll(/([a-zA-Z_][\w:]*)\{([^}]*)\}/g)].flatMap(([, series = '', selectors = '']) =>
    [...selectors.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => ({ series, label })),
  );
}

/** The metric a series belongs to: a histogram's series bear a suffix. */
export function familyOf(series: string, families: ReadonlySet<string>): string {
  const stripped = series.replace(/_(?:bucket|sum|count)$/, '');
  return families.has(series) ? series : stripped;
}

/** An expression as Grafana sends it: every variable gets all its values, intervals are those given. */
export function expanded(
  expr: string,
  variables: readonly { readonly name: string; readonly allValue?: string }[],
  interval: string,
): string {
  const values = new Map<string, string>([
    ['__rate_interval', interval],
    ['__interval', interval],
    ['__range', interval],
    ...variables.map(({ name, allValue }) => [name, allValue ?? ''] as const),
  ]);
  return expr.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced: string | undefined, plain: string | undefined) => {
    return values.get(braced ?? plain ?? '') ?? whole;
  });
}
