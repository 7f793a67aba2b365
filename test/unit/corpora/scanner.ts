// All shipped detectors on the path that `sallyport policy scan` takes: the same set, the same content scan.
import { join, relative } from 'node:path'
import { bindForTools, openPolicySet, type PolicySet } from '../../../core/policy/toolbox.ts'
import { ContentScan } from '../../../core/policy/content-scan.ts'
import { locationsOf } from '../../../core/policy/locations.ts'
import { PLUGINS } from '../../../core/plugins.ts'
import type { Finding } from '../../../core/model/content.ts'

export const ROOT = join(import.meta.dirname, '../../..')

export interface Scanner {
  readonly set: PolicySet
  /** Names of all detectors that are no unions. */
  readonly detectors: readonly string[]
  scan(text: string): Promise<readonly Finding[]>
  close(): Promise<void>
}

/** Throws when the shipped policies do not check. */
export function openScanner(): Scanner {
  const set = openPolicySet([relative(process.cwd(), join(ROOT, 'policies'))], PLUGINS)
  const errors = set.diagnostics.filter(({ severity }) => severity === 'error')
  if (!set.bundle) throw new Error(errors.map(({ code, span, message }) => `${span.file}: ${code} ${message}`).join('\n'))
  const { detection, scanDeadlineMs, program } = bindForTools(set)
  const detectors = [...new Set(program.bundle.detectors.flatMap(({ name }) => detection.members(name)))].sort()
  const locations = locationsOf('prompt')
  const scan = async (text: string): Promise<readonly Finding[]> => {
    const part = { location: 'prompt.user', text, path: [0], rewritable: true, encoding: 'text' } as const
    const content = new ContentScan(detection, [part], scanDeadlineMs)
    await content.scan(detectors, locations)
    if (content.numbers(detectors, locations) === null) throw new Error(`the scan of this text failed: ${text.slice(0, 200)}`)
    return content.findingsIn(0)
  }
  return { set, detectors, scan, close: () => detection.close() }
}
