/** What tests run real things with: child processes whose lines can be waited for, and the whole stack on its own ports. */
export * from './condition.ts';
export * from './process.ts';
export * from './stack.ts';
