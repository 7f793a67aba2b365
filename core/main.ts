// The entry of the command line. Everything else is found from here: `cli/index.ts` names the commands, `cli/serve.ts` starts the gateway.
import { runCli } from './cli/index.ts'

void runCli(process.argv)
