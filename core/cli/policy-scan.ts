// `policy scan`: a text as a user message through all detectors of a policy set, and what the policies would decide.
import { bindForTools, type PolicySet } from '../policy/toolbox.ts'
import { ContentScan } from '../policy/content-scan.ts'
import { decideOn } from './policy-explain.ts'
import { locationsOf } from '../policy/locations.ts'
import type { Screen } from './policy-output.ts'
import type { Finding } from '../model/content.ts'

export interface ScanReport {
  /** Offsets in UTF-16 units. */
  readonly findings: readonly Finding[]
  readonly decision: 'allow' | 'approval' | 'deny'
}

/** `effects`: verbs of what the policies would do to the request, sorted; the decision of a refused one has none. */
export async function scanText(
  set: PolicySet,
  text: string,
): Promise<{ readonly report: ScanReport; readonly effects: readonly string[] }> {
  const bound = bindForTools(set)
  try {
    const content = new ContentScan(
      bound.detection,
      [{ location: 'prompt.user', text, path: [0], rewritable: true, encoding: 'text' }],
      bound.scanDeadlineMs,
    )
    await content.scan(
      [...new Set(bound.program.bundle.detectors.flatMap(({ name }) => bound.detection.members(name)))],
      locationsOf('prompt'),
    )
    const decision = await decideOn(bound, content, new Map())
    const effects = decision.verdict === 'deny' ? [] : [...new Set(decision.effects.map(({ verb }) => verb))].sort()
    return { report: { findings: content.findingsIn(0), decision: decision.verdict }, effects }
  } finally {
    await bound.detection.close()
  }
}

const MARK = '\u001B[7m'
const PLAIN = '\u001B[0m'

export function showScan(text: string, { findings, decision }: ScanReport, effects: readonly string[], { colour }: Screen): string {
  const lines = findings.map(({ detector, start, end, score, checks, decoded }) => {
    const place = `${start}-${end}`.padEnd(12)
    return `${place} ${detector.padEnd(36)} ${score.toFixed(2)}  ${[...checks, ...(decoded ? [`decoded from ${decoded}`] : [])].join(', ')}  ${JSON.stringify(text.slice(start, end))}`.trimEnd()
  })
  const shown = colour ? [highlight(text, findings), ''] : []
  return [
    ...shown,
    ...lines,
    `${findings.length} found, decision: ${decision}${effects.length > 0 ? ` (${effects.join(', ')})` : ''}`,
  ].join('\n')
}

function highlight(text: string, findings: readonly Finding[]): string {
  let out = ''
  let at = 0
  for (const { start, end } of findings) {
    if (start < at) continue
    out += text.slice(at, start) + MARK + text.slice(start, end) + PLAIN
    at = end
  }
  return out + text.slice(at)
}
