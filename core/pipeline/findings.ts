// Turns findings into rows of the record: never the value, only its shape and a keyed hash by which equal values can be counted.
// Rows of texts that were read whole are made at the end, when it is known who acted on what; those of a stream while it flows.
import { createHmac } from 'node:crypto'
import { actsIn, type ActOn } from '../policy/acts.ts'
import type { ContentScan } from '../policy/content-scan.ts'
import type { Exchange } from './exchange.ts'
import type { Finding } from '../model/content.ts'
import type { FindingRow } from '../record/rows.ts'
import type { Rewritten } from '../policy/spans.ts'
import type { StreamHit } from '../policy/stream-governor.ts'
import type { Target } from '../model/target.ts'

/** Rows kept per exchange; all findings are counted. */
const MAX_ROWS = 200

/** What span verbs did in one part. Those of a target count if it was the one that the request went to. */
export interface Rewrite {
  readonly phase: 'request' | 'target' | 'response'
  readonly target: Target | null
  /** Index of the part. */
  readonly part: number
  readonly applied: Rewritten['applied']
}

export function noteRewrite(exchange: Exchange, rewrite: Rewrite): void {
  if (rewrite.applied.length > 0) (exchange.rewrites ??= []).push(rewrite)
}

// ── streams ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Findings of a held answer that the policies on `stream` have not met yet, and what they did with those that they have. */
export interface HeldFindings {
  left: number
  readonly verbs: string[]
}

/** Notes what flows past the policies on `stream`. What the judgement of the held answer has found already is no second finding. */
export function noteHit(exchange: Exchange, { location, finding, text, action }: StreamHit): void {
  const held = heldFindings(exchange)?.get(placeOf(location, finding))
  if (held && held.left > 0) {
    held.left--
    held.verbs.push(action)
    return
  }
  count(exchange.findingCounts, finding)
  if (exchange.findings.length < MAX_ROWS) exchange.findings.push(rowOf(exchange, 'stream', location, finding, text, action))
}

const placeOf = (location: string, { detector }: Finding): string => `${location} ${detector}`

function heldFindings(exchange: Exchange): Exchange['heldFindings'] {
  const { completion } = exchange
  if (exchange.heldFindings || !completion || completion.isEmpty) return exchange.heldFindings
  const held = (exchange.heldFindings = new Map<string, HeldFindings>())
  for (const [index, { location }] of completion.parts.entries()) {
    const verbs = verbsIn(exchange, index, (phase) => phase === 'response')
    for (const finding of completion.findingsIn(index)) {
      if (finding.continues || verbs?.has(finding)) continue
      const place = placeOf(location, finding)
      const known = held.get(place)
      if (known) known.left++
      else held.set(place, { left: 1, verbs: [] })
    }
  }
  return held
}

// ── the account ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Findings by detector: all of them, each once. */
export function findingCountsOf(exchange: Exchange): { [detector: string]: number } {
  const { prompt, completion, findingCounts } = exchange
  if (isBare(prompt) && isBare(completion)) return findingCounts
  const counts = { ...findingCounts }
  for (const content of [prompt, completion]) {
    if (!content) continue
    for (let index = 0; index < content.parts.length; index++) {
      for (const finding of content.findingsIn(index)) if (!finding.continues) count(counts, finding)
    }
  }
  return counts
}

/** One row per finding, the first of them where there are too many. To be asked once, when nothing more can happen. */
export function findingRowsOf(exchange: Exchange): readonly FindingRow[] {
  const { prompt, completion, findings: streamed } = exchange
  if (streamed.length === 0 && isBare(prompt) && isBare(completion)) return streamed
  const actOn = actsIn(exchange.reasons, exchange.snapshot.bound)
  const rows: FindingRow[] = []
  if (prompt) addRows(exchange, prompt, 'request', actOn, rows)
  if (completion) addRows(exchange, completion, 'response', actOn, rows)
  for (const row of streamed) {
    if (rows.length >= MAX_ROWS) break
    rows.push(row.action === '' ? { ...row, action: actOn(row.location, row.detector)?.verb ?? '' } : row)
  }
  return rows
}

const isBare = (content: ContentScan | null): boolean => content === null || content.isEmpty

function addRows(exchange: Exchange, content: ContentScan, phase: 'request' | 'response', actOn: ActOn, rows: FindingRow[]): void {
  const isOf = phase === 'request' ? isOfPrompt : isOfAnswer
  for (const [index, { location, text }] of content.parts.entries()) {
    const findings = content.findingsIn(index)
    if (findings.length === 0) continue
    const verbs = verbsIn(exchange, index, isOf)
    for (const finding of findings) {
      if (finding.continues) continue
      if (rows.length >= MAX_ROWS) return
      const act = verbs?.get(finding) ?? (phase === 'response' ? actInStream(exchange, location, finding) : null)
      const { phase: when, verb } = act ?? actOn(location, finding.detector) ?? { phase, verb: '' }
      rows.push(rowOf(exchange, when, location, finding, text.slice(finding.start, finding.end), verb))
    }
  }
}

const isOfPrompt = (phase: Rewrite['phase']): boolean => phase !== 'response'
const isOfAnswer = (phase: Rewrite['phase']): boolean => phase === 'response'

interface SpanAct {
  readonly phase: string
  readonly verb: string
}

/** By finding: a text may hold a hundred thousand of them, and a search for each would be a minute of the event loop. */
function verbsIn(
  { rewrites, target: sentTo }: Exchange,
  index: number,
  isOf: (phase: Rewrite['phase']) => boolean,
): Map<Finding, SpanAct> | null {
  if (rewrites === null) return null
  const verbs = new Map<Finding, SpanAct>()
  for (const { phase, target, part, applied } of rewrites) {
    if (part !== index || !isOf(phase) || (target !== null && target !== sentTo)) continue
    for (const { finding, verb } of applied) if (!verbs.has(finding)) verbs.set(finding, { phase, verb })
  }
  return verbs
}

function actInStream({ heldFindings: held }: Exchange, location: string, finding: Finding): SpanAct | null {
  const verb = held?.get(placeOf(location, finding))?.verbs.shift() ?? ''
  return verb === '' ? null : { phase: 'stream', verb }
}

function count(counts: { [detector: string]: number }, { detector }: Finding): void {
  counts[detector] = (counts[detector] ?? 0) + 1
}

function rowOf(exchange: Exchange, phase: string, location: string, finding: Finding, value: string, action: string): FindingRow {
  const { id, key } = exchange.kernel.findingKey
  return {
    phase,
    detector: finding.detector,
    engine_version: '',
    location,
    score: finding.score,
    action,
    masked: maskOf(value),
    value_hmac: createHmac('sha256', key).update(value).digest('hex'),
    hmac_key_id: id,
  }
}

/** First and last character of values long enough not to be given away by them. */
export function maskOf(value: string): string {
  return value.length < 8 ? '***' : `${value[0]}***${value.at(-1)}`
}
