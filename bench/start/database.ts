// The floor of a start: the embedded database alone, on the data folder named as argument, until it answers a query.
import { startEmbeddedPostgres } from '@cyberdevstudio/server/kernel/database/embedded.ts';

const running = await startEmbeddedPostgres({ dataDir: process.argv[2] ?? '' });
process.stdout.write(`${running.connectionString}\n`);
process.once('SIGINT', () => {
  void running[Symbol.asyncDispose]().then(() => process.exit(0));
});
setInterval(() => undefined, 60_000);
