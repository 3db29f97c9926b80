/** One sample of a scrape: `name{label="value"} 1`. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+-?\d+)?[ \t]*$/s;
const LABEL = /[ \t]*([a-zA-Z_]\w*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(?:,|$)/sy;
const ESCAPES: Readonly<Record<string, string>> = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };
const SPECIAL: Readonly<Record<string, number>> = {
  '+Inf': Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
};

/**
 * The samples of Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats), in its order.
 * Comments, time stamps and lines that are no samples are left out.
 */
export function parseExposition(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labelText = '', valueText = ''] = SAMPLE.exec(line) ?? [];
    const labels = labelsOf(labelText);
    const value = SPECIAL[valueText] ?? Number(valueText);
    const isNumber = valueText === 'NaN' || !Number.isNaN(value);
    return name === undefined || labels === undefined || !isNumber ? [] : [{ name, labels, value }];
  });
}

function labelsOf(text: string): Record<string, string> | undefined {
  const labels = Object.create(null) as Record<string, string>;
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.trimEnd().length) {
    const [, name, value] = LABEL.exec(text) ?? [];
    if (name === undefined || value === undefined) return undefined;
    labels[name] = value.replace(/\\[n"\\]/g, (escaped) => ESCAPES[escaped] ?? escaped);
  }
  return labels;
}
