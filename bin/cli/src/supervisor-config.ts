import { defineSchema, FORMATS } from '@tickpath/runtime';

export const supervisorSchema = defineSchema({
  summaryEverySeconds: {
    doc: 'Seconds between two summary lines.',
    format: FORMATS['positive-number'],
    default: 5,
  },
});
