// What would be found in a text or a request, and what the policies would decide, phase by phase. Nothing is sent, held or recorded.
import { ContentScan } from '../policy/content-scan.ts'
import { exampleJudge, viewOfRequest } from '../policy/example-judge.ts'
import { maskOf } from './findings.ts'
import { PROMPT_LOCATIONS, type Finding, type Location, type Part } from '../model/content.ts'
import { TokenEstimator } from './estimate.ts'
import type { BoundPolicies } from '../policy/bind.ts'
import type { Decision } from '../policy/language.ts'
import type { InboundRequest } from '../model/request.ts'
import type { TargetView } from '../plugin/contract.ts'

export interface Preview {
  /** In the order of the request's texts, then by start. */
  readonly findings: readonly PreviewFinding[]
  /** Detectors that gave no result in time: nothing is known of them, which is not the same as nothing found. */
  readonly failed: readonly string[]
  readonly decision: Decision['verdict']
  /** Of the decision, when it is `deny`. */
  readonly refused: Decision['refused']
  readonly phases: readonly PreviewPhase[]
  /** What travels and was not looked at, as facts that policies can read. */
  readonly unscanned: readonly string[]
  readonly references: readonly string[]
  readonly server_tools: readonly string[]
}

/** Offsets in UTF-16 units of the text at `path`. */
export interface PreviewFinding extends Finding {
  readonly location: Location
  readonly path: Part['path']
  readonly masked: string
}

export interface PreviewPhase {
  readonly phase: Decision['phase']
  /** Null: it was not judged; `why` says so. */
  readonly verdict: Decision['verdict'] | null
  readonly why: string | null
  readonly refused: Decision['refused']
  readonly reasons: Decision['reasons']
  readonly effects: Decision['effects']
}

/** A text counts as what a user says. */
export type Previewed = { readonly text: string } | { readonly request: InboundRequest }

const NO_VIEW = {} as TargetView
const PROMPT: ReadonlySet<string> = new Set(PROMPT_LOCATIONS)

export async function preview(bound: BoundPolicies, previewed: Previewed, given: ReadonlyMap<string, unknown>): Promise<Preview> {
  const request = 'request' in previewed ? previewed.request : null
  const parts = 'text' in previewed ? [partOfText(previewed.text)] : previewed.request.parts
  const content = new ContentScan(bound.detection, parts, bound.scanDeadlineMs)
  const detectors = [...new Set(bound.program.bundle.detectors.flatMap(({ name }) => bound.detection.members(name)))].sort()
  await content.scan(detectors, PROMPT)
  const phases = await judgePhases(bound, content, request, given)
  const last = phases.findLast(({ verdict }) => verdict !== null)!
  return {
    findings: parts.flatMap((part, index) => content.findingsIn(index).map((finding) => shown(finding, part))),
    failed: detectors.filter((name) => content.hasFailed(new Set([name]))),
    decision: last.verdict!,
    refused: last.refused,
    phases,
    unscanned: request?.unscanned ?? [],
    references: request?.references ?? [],
    server_tools: request?.serverTools ?? [],
  }
}

function partOfText(text: string): Part {
  return { location: 'prompt.user', text, path: ['text'], rewritable: true, encoding: 'text' }
}

function shown(finding: Finding, { location, path, text }: Part): PreviewFinding {
  return { ...finding, location, path, masked: maskOf(text.slice(finding.start, finding.end)) }
}

async function judgePhases(
  bound: BoundPolicies,
  content: ContentScan,
  request: InboundRequest | null,
  given: ReadonlyMap<string, unknown>,
): Promise<readonly PreviewPhase[]> {
  const estimator = new TokenEstimator()
  const view = request && viewOfRequest(request, (model, bytes) => estimator.tokens(model, bytes))
  const judge = exampleJudge(bound, given, view)
  const first = decided(await judge.decideRequest(NO_VIEW, content))
  if (first.verdict !== 'allow') return [first, unjudged('target', 'a refused request goes no further')]
  if (![...given.keys()].some((name) => name.startsWith('target.')))
    return [first, unjudged('target', 'no target is given, for example `target.zone`')]
  return [first, decided(await judge.decideTarget(NO_VIEW, content))]
}

function decided({ phase, verdict, refused, reasons, effects }: Decision): PreviewPhase {
  return { phase, verdict, why: null, refused, reasons, effects }
}

function unjudged(phase: Decision['phase'], why: string): PreviewPhase {
  return { phase, verdict: null, why, refused: null, reasons: [], effects: [] }
}
