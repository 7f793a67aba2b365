// `sallyport recorder`: the recorder alone, beside gateways started with `--no-recorder`. It runs as a supervised child so that its
// environment holds no credentials of providers, whatever the shell has.
import type { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { stderrLog } from '../recorder/log.ts'
import { superviseRecorder } from '../recorder/supervise.ts'
import { recordOptions } from './record-options.ts'

export function registerRecorder(program: Command): void {
  program
    .command('recorder')
    .description('ship the spool into ClickHouse and answer sql')
    .option('--config <file>', 'the configuration whose record is kept')
    .action(async (options: { config?: string }) => {
      const record = recordOptions(await loadConfig(options.config))
      const supervisor = superviseRecorder({ ...record, log: stderrLog })
      await new Promise<void>((resolve) => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
      })
      await supervisor.stop()
    })
}
