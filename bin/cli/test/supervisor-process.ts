import { createOutput } from '../src/output.ts';
import { type ServiceCommand, startSupervisor } from '../src/supervisor.ts';

/** A real supervisor of the services that the argument lists, for the tests that signal and kill it. */
const services = JSON.parse(process.argv[2] ?? '[]') as ServiceCommand[];
const output = createOutput({
  json: true,
  color: false,
  write: (line) => void process.stdout.write(`${line}\n`),
  nowMs: Date.now,
});
const supervisor = startSupervisor({ services, output, env: process.env, cwd: process.cwd() });
process.on('SIGTERM', supervisor.stop);
process.on('SIGUSR2', supervisor.kill);
process.exit(await supervisor.done);
