// Judges a whole answer by the policies on `response`, and gives the texts that must stand in its place.
import { ContentScan } from '../policy/content-scan.ts'
import { isPromise } from '../model/maybe-promise.ts'
import { asError, noteDecision, refusalOf } from './decide.ts'
import { noteRewrite } from './findings.ts'
import { refusedForFailedSpans } from '../policy/failed-spans.ts'
import { rewriteText, scanFor, spanCallsOf } from '../policy/spans.ts'
import type { AnswerView, TargetView } from '../plugin/contract.ts'
import type { Enacted } from './enact.ts'
import type { Exchange } from './exchange.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { Part, TextEdit } from '../model/content.ts'

const NO_EDITS: readonly TextEdit[] = []

export async function judgeAnswer(
  exchange: Exchange,
  { judge, prompt }: Enacted,
  view: AnswerView,
  parts: readonly Part[],
): Promise<readonly TextEdit[] | GatewayError> {
  const { bound } = exchange.snapshot
  const program = bound.program.phases.response
  if (program.policies.length === 0 && bound.program.bundle.defaults.response === 'allow') return NO_EDITS
  const completion = new ContentScan(bound.detection, parts, bound.scanDeadlineMs)
  exchange.completion = completion
  const pending = judge.decideResponse(view, prompt, completion)
  const decision = isPromise(pending) ? await pending : pending
  noteDecision(exchange, decision)
  const refusal = refusalOf(decision)
  if (refusal) return refusal

  const calls = spanCallsOf(decision.effects, bound.words, bound.detection)
  const scanned = scanFor(calls, completion)
  if (isPromise(scanned)) await scanned
  const unchecked = refusedForFailedSpans(bound, calls, completion)
  if (unchecked) return asError(unchecked)
  if (completion.isEmpty) return NO_EDITS
  return parts.flatMap((part, index) => {
    const findings = completion.findingsIn(index)
    if (findings.length === 0) return []
    const rewritten = rewriteText(part.text, findings, part, calls)
    if (!rewritten) return []
    noteRewrite(exchange, { phase: 'response', target: null, part: index, applied: rewritten.applied })
    return [{ path: part.path, text: rewritten.text }]
  })
}

/** The scan of an answer that nobody read. */
const UNREAD = { hasFailed: () => true }

/** Judges an answer that is too long to be read: policies that look into it act through their `on error`. Null: it may flow. */
export async function judgeUnread(exchange: Exchange, { judge, prompt }: Enacted, view: TargetView): Promise<GatewayError | null> {
  const { bound } = exchange.snapshot
  const pending = judge.fork().decideUnread(view, prompt)
  const decision = isPromise(pending) ? await pending : pending
  noteDecision(exchange, decision)
  const refusal = refusalOf(decision)
  if (refusal) return refusal
  const unprotected = refusedForFailedSpans(bound, spanCallsOf(decision.effects, bound.words, bound.detection), UNREAD)
  return unprotected && asError(unprotected)
}
