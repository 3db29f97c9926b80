import fc from 'fast-check';

/** Seed of this run's random tests; `TICKPATH_SEED` repeats a run. */
const seed = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
fc.configureGlobal({ seed });
console.log(`TICKPATH_SEED=${seed}`);
