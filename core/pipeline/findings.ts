// Turns findings into rows of the record: never the value, only its shape and a keyed hash by which equal values can be counted.
import { createHmac } from 'node:crypto'
import type { Exchange } from './exchange.ts'
import type { Finding, Part } from '../model/content.ts'

/** Rows kept per exchange; all findings are counted. */
const MAX_ROWS = 200

export function noteFindings(
  exchange: Exchange,
  phase: string,
  part: Pick<Part, 'location' | 'text'>,
  findings: readonly Finding[],
  applied: readonly { readonly finding: Finding; readonly verb: string }[],
): void {
  // A text may hold a hundred thousand of them: a search per finding would be a minute of the event loop.
  const verbs = new Map(applied.map(({ finding, verb }) => [finding, verb]))
  for (const finding of findings) {
    if (finding.continues) continue
    noteFinding(exchange, phase, part.location, finding, part.text.slice(finding.start, finding.end), verbs.get(finding) ?? '')
  }
}

export function noteFinding(exchange: Exchange, phase: string, location: string, finding: Finding, value: string, action: string): void {
  exchange.findingCounts[finding.detector] = (exchange.findingCounts[finding.detector] ?? 0) + 1
  if (exchange.findings.length >= MAX_ROWS) return
  const { id, key } = exchange.kernel.findingKey
  exchange.findings.push({
    phase,
    detector: finding.detector,
    engine_version: '',
    location,
    score: finding.score,
    action,
    masked: maskOf(value),
    value_hmac: createHmac('sha256', key).update(value).digest('hex'),
    hmac_key_id: id,
  })
}

/** First and last character of values long enough not to be given away by them. */
export function maskOf(value: string): string {
  return value.length < 8 ? '***' : `${value[0]}***${value.at(-1)}`
}
