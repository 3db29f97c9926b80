import { STAGE_NAMES, STAGES, type Stage } from '@tickpath/runtime';
import { stringify } from 'yaml';

/** The budgets of DESIGN §13 as series, so that alerts and charts compare with the table `tickpath latency` prints. */
export function budgetRulesYaml(): string {
  const rules = STAGE_NAMES.flatMap((stage) => {
    const { p50Seconds, p99Seconds }: Stage = STAGES[stage];
    return [
      { quantile: 'p50', seconds: p50Seconds },
      { quantile: 'p99', seconds: p99Seconds },
    ].flatMap(({ quantile, seconds }) =>
      seconds === undefined
        ? []
        : {
            record: `stage:tickpath_stage_seconds:${quantile}_budget`,
            expr: `vector(${seconds})`,
            labels: { stage },
          },
    );
  });
  return stringify({ groups: [{ name: 'tickpath-budgets', interval: '15s', rules }] }, { lineWidth: 120 });
}
