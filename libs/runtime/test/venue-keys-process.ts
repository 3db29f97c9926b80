/** Takes the venue's pair of the folder in its first argument as soon as it is told to, and says which it is. */
import { venueKeys } from '../src/index.ts';

const [dir = ''] = process.argv.slice(2);
process.stdout.write('ready\n');
process.stdin.once('data', () => {
  process.stdout.write(`${JSON.stringify(venueKeys({ alpaca: { keyId: '', secretKey: '' } }, dir))}\n`);
  process.stdin.destroy();
});
