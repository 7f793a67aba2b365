// What would be found in a text or a request (and in an answer to it), and what the policies would decide, phase by phase. Nothing is sent, held or recorded.
import { ContentScan } from '../policy/content-scan.ts'
import { exampleJudge, viewOfRequest } from '../policy/example-judge.ts'
import { maskOf } from './findings.ts'
import { COMPLETION_LOCATIONS, PROMPT_LOCATIONS, type Finding, type Location, type Part } from '../model/content.ts'
import { refusedForSpans } from '../policy/failed-spans.ts'
import { rewriteText, scanFor, spanCallsOf } from '../policy/spans.ts'
import { StreamGovernor } from '../policy/stream-governor.ts'
import { TokenEstimator } from './estimate.ts'
import type { BoundPolicies } from '../policy/bind.ts'
import type { Decision } from '../policy/language.ts'
import type { Judge } from '../policy/judge.ts'
import type { InboundRequest } from '../model/request.ts'
import type { AnswerView, TargetView } from '../plugin/contract.ts'

export interface Preview {
  /** In the order of the request's texts, then by start. */
  readonly findings: readonly PreviewFinding[]
  /** Detectors that gave no result in time: nothing is known of them, which is not the same as nothing found. */
  readonly failed: readonly string[]
  readonly decision: Decision['verdict']
  /** Of the decision, when it is `deny`. */
  readonly refused: Decision['refused']
  readonly phases: readonly PreviewPhase[]
  /** Texts that policies rewrite, as they would leave: whole, with what no policy takes out. Of what is refused there is none. */
  readonly rewritten: readonly PreviewText[]
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

export interface PreviewText {
  /** `request` counts what `target` does as well, where that was judged. */
  readonly phase: 'request' | 'response' | 'stream'
  readonly location: Location
  readonly path: Part['path']
  readonly text: string
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

/** A text counts as what a user says. With an answer, the phases behind it are judged too. */
export type Previewed = ({ readonly text: string } | { readonly request: InboundRequest }) & { readonly answer?: string | null }

const NO_VIEW = {} as TargetView
const NO_ANSWER = {} as AnswerView
const CHANNEL = '0/text'
const PROMPT: ReadonlySet<string> = new Set(PROMPT_LOCATIONS)
const COMPLETION: ReadonlySet<string> = new Set(COMPLETION_LOCATIONS)

export async function preview(bound: BoundPolicies, previewed: Previewed, given: ReadonlyMap<string, unknown>): Promise<Preview> {
  const request = 'request' in previewed ? previewed.request : null
  const parts = 'text' in previewed ? [partOfText(previewed.text)] : previewed.request.parts
  const content = new ContentScan(bound.detection, parts, bound.scanDeadlineMs)
  const detectors = detectorsOf(bound)
  await content.scan(detectors, PROMPT)
  const completion = typeof previewed.answer === 'string' ? answerOf(bound, previewed.answer) : null
  await completion?.scan(detectors, COMPLETION)
  const { phases, flowed } = await judgePhases(bound, content, completion, request, given)
  const judged = phases.filter(({ verdict }) => verdict !== null)
  const decisive = judged.find(({ verdict }) => verdict !== 'allow') ?? judged.at(-1)!
  const scans = completion ? [content, completion] : [content]
  return {
    findings: scans.flatMap(shownIn),
    failed: failedIn(scans, detectors),
    decision: decisive.verdict!,
    refused: decisive.refused,
    phases,
    rewritten: decisive.verdict === 'deny' ? [] : await rewrittenTexts(bound, content, completion, phases, flowed),
    unscanned: request?.unscanned ?? [],
    references: request?.references ?? [],
    server_tools: request?.serverTools ?? [],
  }
}

/** What detectors find in a text, without asking any policy. `isWanted` is asked for each by its name; unions are told by their members. */
export async function findingsInText(
  bound: BoundPolicies,
  text: string,
  isWanted: (detector: string) => boolean,
): Promise<Pick<Preview, 'findings' | 'failed'>> {
  const content = new ContentScan(bound.detection, [partOfText(text)], bound.scanDeadlineMs)
  const detectors = detectorsOf(bound).filter(isWanted)
  await content.scan(detectors, PROMPT)
  return { findings: shownIn(content), failed: failedIn([content], detectors) }
}

const detectorsOf = ({ program, detection }: BoundPolicies): readonly string[] =>
  [...new Set(program.bundle.detectors.flatMap(({ name }) => detection.members(name)))].sort()

const shownIn = (scan: ContentScan): readonly PreviewFinding[] =>
  scan.parts.flatMap((part, index) => scan.findingsIn(index).map((finding) => shown(finding, part)))

const failedIn = (scans: readonly ContentScan[], detectors: readonly string[]): readonly string[] =>
  detectors.filter((name) => scans.some((scan) => scan.hasFailed(new Set([name]))))

function partOfText(text: string): Part {
  return { location: 'prompt.user', text, path: ['text'], rewritable: true, encoding: 'text' }
}

function answerOf({ detection, scanDeadlineMs }: BoundPolicies, text: string): ContentScan {
  const part: Part = { location: 'completion.text', text, path: ['answer'], rewritable: true, encoding: 'text' }
  return new ContentScan(detection, [part], scanDeadlineMs)
}

function shown(finding: Finding, { location, path, text }: Part): PreviewFinding {
  return { ...finding, location, path, masked: maskOf(text.slice(finding.start, finding.end)) }
}

interface Judged {
  readonly phases: readonly PreviewPhase[]
  /** The answer as it comes out of a stream; null: none was judged. */
  readonly flowed: string | null
}

async function judgePhases(
  bound: BoundPolicies,
  content: ContentScan,
  completion: ContentScan | null,
  request: InboundRequest | null,
  given: ReadonlyMap<string, unknown>,
): Promise<Judged> {
  const estimator = new TokenEstimator()
  const view = request && viewOfRequest(request, (model, bytes) => estimator.tokens(model, bytes))
  const judge = exampleJudge(bound, given, view)
  const asked = decided(await judge.decideRequest(NO_VIEW, content))
  const hasTarget = [...given.keys()].some((name) => name.startsWith('target.'))
  const planned = await judgeTarget(judge, content, asked, hasTarget)
  const [first, second] = await carriedOut(bound, content, asked, planned)
  if (!completion) return { phases: [first, second], flowed: null }
  const refused = [first, second].find(({ verdict }) => verdict !== null && verdict !== 'allow')
  const none = (): readonly PreviewPhase[] =>
    ANSWERED.map((phase) => unjudged(phase, `what is refused on \`${refused!.phase}\` has no answer`))
  const answered = refused ? { phases: none(), flowed: null } : await judgeAnswered(bound, judge, content, completion)
  return { ...answered, phases: [first, second, ...answered.phases] }
}

async function judgeTarget(judge: Judge, content: ContentScan, first: PreviewPhase, hasTarget: boolean): Promise<PreviewPhase> {
  if (first.verdict !== 'allow') return unjudged('target', 'a refused request goes no further')
  if (!hasTarget) return unjudged('target', 'no target is given, for example `target.zone`')
  return decided(await judge.decideTarget(NO_VIEW, content))
}

/** What is allowed is refused all the same where its effects cannot be carried out; those of the target come last. */
async function carriedOut(
  bound: BoundPolicies,
  content: ContentScan,
  asked: PreviewPhase,
  planned: PreviewPhase,
): Promise<readonly [PreviewPhase, PreviewPhase]> {
  if (asked.verdict !== 'allow' || (planned.verdict !== 'allow' && planned.verdict !== null)) return [asked, planned]
  const first = await refusedIfStuck(bound, content, asked, asked.effects)
  return [first, first.verdict === 'deny' ? planned : await refusedIfStuck(bound, content, planned, [...asked.effects, ...planned.effects])]
}

async function refusedIfStuck(
  bound: BoundPolicies,
  content: ContentScan,
  phase: PreviewPhase,
  effects: Decision['effects'],
): Promise<PreviewPhase> {
  if (phase.verdict === null) return phase
  const calls = spanCallsOf(effects, bound.words, bound.detection)
  await scanFor(calls, content)
  const refused = refusedForSpans(bound, calls, content)
  return refused ? { ...phase, verdict: 'deny', refused } : phase
}

const ANSWERED = ['response', 'stream'] as const

/** As a whole, and as a stream in one piece: chunks change nothing. */
async function judgeAnswered(bound: BoundPolicies, judge: Judge, content: ContentScan, completion: ContentScan): Promise<Judged> {
  const streamed = judge.fork()
  const governor = new StreamGovernor(bound, streamed, await streamed.foresee('stream', NO_VIEW, content), () => {})
  const flowed = governor.push(CHANNEL, completion.parts[0]!.text) + governor.end(CHANNEL)
  const whole = decided(await judge.decideResponse(NO_ANSWER, content, completion))
  const response = whole.verdict === 'allow' ? await refusedIfStuck(bound, completion, whole, whole.effects) : whole
  return { phases: [response, decided(governor.decision)], flowed }
}

function decided({ phase, verdict, refused, reasons, effects }: Decision): PreviewPhase {
  return { phase, verdict, why: null, refused, reasons, effects }
}

function unjudged(phase: Decision['phase'], why: string): PreviewPhase {
  return { phase, verdict: null, why, refused: null, reasons: [], effects: [] }
}

// ── what would leave ─────────────────────────────────────────────────────────────────────────────────────────────────

async function rewrittenTexts(
  bound: BoundPolicies,
  content: ContentScan,
  completion: ContentScan | null,
  phases: readonly PreviewPhase[],
  flowed: string | null,
): Promise<readonly PreviewText[]> {
  const effectsOf = (...names: readonly string[]): Decision['effects'] =>
    phases.filter(({ phase }) => names.includes(phase)).flatMap(({ effects }) => effects)
  const asked = await rewrittenIn(bound, content, 'request', effectsOf('request', 'target'))
  if (!completion) return asked
  const answered = await rewrittenIn(bound, completion, 'response', effectsOf('response'))
  const { location, path, text } = completion.parts[0]!
  const isChanged = flowed !== null && flowed !== text
  return [...asked, ...answered, ...(isChanged ? [{ phase: 'stream' as const, location, path, text: flowed }] : [])]
}

/** Placeholders of reversible verbs are shown as a form: none is issued. */
async function rewrittenIn(
  { words, detection }: BoundPolicies,
  content: ContentScan,
  phase: PreviewText['phase'],
  effects: Decision['effects'],
): Promise<readonly PreviewText[]> {
  const calls = spanCallsOf(effects, words, detection)
  await scanFor(calls, content)
  return content.parts.flatMap((part, index) => {
    const rewritten = part.rewritable ? rewriteText(part.text, content.findingsIn(index), part, calls) : null
    return rewritten ? [{ phase, location: part.location, path: part.path, text: rewritten.text }] : []
  })
}
