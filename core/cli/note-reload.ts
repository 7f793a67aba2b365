// The row of `admin_events` behind a reload that nobody asked for through the admin API: a file was changed, or somebody sent SIGHUP.
import type { CommandRecord } from './command-record.ts'
import type { Gateway, ReloadReport } from '../server/gateway.ts'
import type { Log } from '../plugin/contract.ts'

/** Hashes of what judges, as the record has them of every exchange. */
export interface Judging {
  readonly policies: string
  readonly config: string
}

export interface ReloadSteps {
  /** What judges at this moment; null: nobody can tell. */
  judging(): Judging | null | Promise<Judging | null>
  reload(): Promise<ReloadReport>
  note: CommandRecord['note']
  readonly log: Log
}

export function judgingOf({ current }: Gateway): Judging {
  return { policies: current.bound.program.hash, config: current.loaded.hash }
}

/** Reloads, and leaves a row when something else judges now or was refused. A file is no request: where no row can be written it counts all the same. */
export async function reloadWithNote({ judging, reload, note, log }: ReloadSteps): Promise<ReloadReport> {
  const before = await judging()
  const report = await reload()
  const after = await judging()
  const hasChanged = before?.policies !== after?.policies || before?.config !== after?.config
  if (report.ok && !hasChanged) return report
  const isAboutPolicies = before?.policies !== after?.policies
  await note({
    tenant: '',
    action: report.ok && !isAboutPolicies ? 'configuration changed' : 'policy published',
    target: (isAboutPolicies ? after?.policies : after?.config) ?? '',
    before: JSON.stringify(before),
    after: JSON.stringify(after),
    result: report.ok ? 'ok' : 'refused',
  }).catch((error: unknown) => log.error({ err: error }, 'a reload could not be recorded'))
  return report
}
