// The recorder as a process: options come as JSON in SALLYPORT_RECORDER, log lines leave as JSON on stderr. It holds no provider
// credentials: whoever starts it passes an allow-list of variables (`supervise.ts`).
import { runRecorder } from './recorder.ts'
import { stderrLog } from './log.ts'
import type { RecorderOptions } from './options.ts'

async function main(): Promise<void> {
  const text = process.env['SALLYPORT_RECORDER']
  if (text === undefined) throw new Error('SALLYPORT_RECORDER holds no options; start `sallyport recorder` instead')
  delete process.env['SALLYPORT_RECORDER']
  const recorder = await runRecorder(JSON.parse(text) as RecorderOptions, stderrLog)
  let stopping = false
  const stop = (): void => {
    if (stopping) return
    stopping = true
    recorder.stop().then(() => process.exit(0), fail)
  }
  // A parent that is gone cannot ask to stop: the end of the channel does.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop)
  process.on('disconnect', stop)
  process.send?.({ ready: true })
}

function fail(error: unknown): never {
  stderrLog.error({}, error instanceof Error ? error.message : String(error))
  process.exit(1)
}

main().catch(fail)
