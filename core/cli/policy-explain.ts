// `policy explain`: what the policies decide for a request, phase by phase as far as the request and `--given` reach, and for each policy
// every part of its condition with its value. Policies that are off are looked at as well, to say what they would have done.
import {
  bindForTools,
  branchesOf,
  Truths,
  type Branch,
  type Decision,
  type Phase,
  type PolicyBranches,
  type PolicySet,
} from '../policy/toolbox.ts'
import { ContentScan } from '../policy/content-scan.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { exampleJudge, viewOfRequest } from '../policy/example-judge.ts'
import { readGiven } from './policy-given.ts'
import { TokenEstimator } from '../pipeline/estimate.ts'
import { withAllFindings } from '../policy/complete.ts'
import { wireFor } from '../wire/index.ts'
import type { BoundPolicies } from '../policy/bind.ts'
import type { Judge } from '../policy/judge.ts'
import type { TargetView } from '../plugin/contract.ts'
import type { InboundRequest } from '../model/request.ts'

export interface Explanation {
  /** Of the last phase that was decided. */
  readonly verdict: Decision['verdict']
  readonly refused: Decision['refused']
  readonly phases: readonly PhaseExplanation[]
}

export interface PhaseExplanation {
  readonly phase: Phase
  /** Null: it was not judged, or hangs on an answer; `why` says so. */
  readonly verdict: Decision['verdict'] | null
  readonly refused: Decision['refused']
  readonly why: string | null
  /** Effects of the decision as they were written, by policy. */
  readonly effects: readonly { readonly policy: string; readonly phrase: string }[]
  readonly policies: readonly PolicyExplanation[]
}

export interface PolicyExplanation {
  readonly policy: string
  readonly overlay: string | null
  readonly mode: 'enforce' | 'shadow' | 'off'
  /** `open`: it hangs on an answer that is not there, or on something that failed. */
  readonly state: 'fires' | 'silent' | 'open'
  readonly clauses: readonly ClauseExplanation[]
  /** What it does, or would do, when it fires; as written. */
  readonly phrases: readonly string[]
}

export interface ClauseExplanation {
  readonly clause: 'when' | 'unless' | 'exception' | 'overlay'
  readonly text: string
  /** Title and end of an exception. */
  readonly note: string | null
  /** What its parts, which follow it, are joined with; null: it has none. */
  readonly parts: 'and' | 'or' | 'not' | null
  /** Depth below the clause. */
  readonly depth: number
  /** Null: not known. */
  readonly value: boolean | null
  /** What it reads, where it has no parts. */
  readonly reads: { readonly [name: string]: unknown }
}

const NO_VIEW = {} as TargetView
const UNJUDGED = 'a refused request goes no further'

/** Throws GivenError for values that do not fit, and an Error for a body that is no request. */
export async function explainRequest(set: PolicySet, body: string, pairs: readonly string[]): Promise<Explanation> {
  const given = readGiven(pairs, set)
  const request = wireFor('openai-chat').parse(Buffer.from(body))
  if (request instanceof GatewayError) throw new Error(`the request is not valid: ${request.message}`)
  const bundle = set.bundle!
  // What is off is judged like a shadow: evaluated, never joined.
  const policies = bundle.policies.map((policy) => (policy.mode === 'off' ? { ...policy, mode: 'shadow' as const } : policy))
  const bound = bindForTools({ ...set, bundle: { ...bundle, policies } })
  try {
    return await explainPhases(bound, branchesOf(bundle, set.files), request, given)
  } finally {
    await bound.detection.close()
  }
}

async function explainPhases(
  bound: BoundPolicies,
  branches: readonly PolicyBranches[],
  request: InboundRequest,
  given: ReadonlyMap<string, unknown>,
): Promise<Explanation> {
  const content = new ContentScan(bound.detection, request.parts, bound.scanDeadlineMs)
  const view = viewOfRequest(request, (model, bytes) => new TokenEstimator().tokens(model, bytes))
  const judge = exampleJudge(bound, given, view)
  const explainer = new Explainer(bound, branches)
  const decision = await judge.decideRequest(NO_VIEW, content)
  const phases = [await explainer.decided(decision, judge, content)]
  let last = decision
  const isOpen = (): boolean => last.verdict === 'allow'
  if (!isOpen()) phases.push(explainer.unjudged('target', UNJUDGED))
  else if (![...given.keys()].some((name) => name.startsWith('target.')))
    phases.push(explainer.unjudged('target', 'no target is given; name one, for example --given target.zone=us'))
  else phases.push(await explainer.decided((last = await judge.decideTarget(NO_VIEW, content)), judge, content))
  for (const phase of ['response', 'stream'] as const) {
    if (!isOpen()) phases.push(explainer.unjudged(phase, UNJUDGED))
    else {
      const before = judge.fork()
      await before.foresee(phase, NO_VIEW, content)
      phases.push(await explainer.foreseen(phase, before, content))
    }
  }
  return { verdict: last.verdict, refused: last.refused, phases: phases.filter(({ policies, why }) => policies.length > 0 || why === null) }
}

// ── policies ─────────────────────────────────────────────────────────────────────────────────────────────────────────

class Explainer {
  readonly #bound: BoundPolicies
  readonly #branches: readonly PolicyBranches[]
  readonly #truths: Truths

  constructor(bound: BoundPolicies, branches: readonly PolicyBranches[]) {
    this.#bound = bound
    this.#branches = branches
    this.#truths = new Truths(bound.program)
  }

  async decided(decision: Decision, judge: Judge, content: ContentScan): Promise<PhaseExplanation> {
    const { phase, verdict, refused } = decision
    const effects = decision.effects.flatMap(({ verb, policy }) => this.#writtenBy(policy, verb).map((phrase) => ({ policy, phrase })))
    const distinct = [...new Map(effects.map((one) => [`${one.policy} ${one.phrase}`, one])).values()]
    const policies = this.#policiesOn(phase, await withAllFindings(this.#bound, judge.values, content))
    return { phase, verdict, refused, why: null, effects: distinct, policies }
  }

  /** With what is known before an answer. */
  async foreseen(phase: Phase, judge: Judge, content: ContentScan): Promise<PhaseExplanation> {
    const policies = this.#policiesOn(phase, await withAllFindings(this.#bound, judge.values, content))
    return { phase, verdict: null, refused: null, why: 'there is no answer; what hangs on one is open', effects: [], policies }
  }

  unjudged(phase: Phase, why: string): PhaseExplanation {
    return { phase, verdict: null, refused: null, why, effects: [], policies: this.#policiesOn(phase, []).map(withoutClauses) }
  }

  #writtenBy(id: string, verb: string): readonly string[] {
    const found = this.#branches.find(({ policy }) => policy.id === id)
    return (found?.phrases ?? []).filter((phrase) => phrase.verb === verb).map(({ text }) => text)
  }

  #policiesOn(phase: Phase, values: readonly unknown[]): readonly PolicyExplanation[] {
    const on = this.#branches.filter(({ policy }) => policy.phases.includes(phase)).map((one) => this.#explain(one, values))
    return on.toSorted((a, b) => RANK[a.state] - RANK[b.state])
  }

  #explain(branches: PolicyBranches, values: readonly unknown[]): PolicyExplanation {
    const { policy, guard, when, unless, exceptions, phrases } = branches
    const fires = this.#truths.of(policy.when, values)
    const verbs = new Set(policy.effects.map(({ verb }) => verb))
    const guarded: ClauseExplanation[] =
      guard === null
        ? []
        : [
            {
              clause: 'overlay',
              text: policy.overlay ?? 'none',
              note: null,
              parts: null,
              depth: 0,
              value: this.#truths.of(guard, values) ?? null,
              reads: this.#reads(guard, values),
            },
          ]
    return {
      policy: policy.id,
      overlay: policy.overlay,
      mode: policy.mode,
      state: fires === undefined ? 'open' : fires ? 'fires' : 'silent',
      clauses: [
        ...guarded,
        ...(when ? this.#clause('when', when, values, 0) : []),
        ...(unless ? this.#clause('unless', unless, values, 0) : []),
        ...exceptions.flatMap((exception) => this.#exception(exception, values)),
      ],
      phrases: phrases.filter(({ verb }) => verbs.has(verb)).map(({ text }) => text),
    }
  }

  /** It exempts while its condition holds, until the day on which it ends. */
  #exception(
    { title, until, branch, logic }: PolicyBranches['exceptions'][number],
    values: readonly unknown[],
  ): readonly ClauseExplanation[] {
    const [first, ...parts] = this.#clause('exception', branch, values, 0)
    const hasEnded = first!.value === true && this.#truths.of(logic, values) === false
    return [{ ...first!, note: `"${title}", ${hasEnded ? 'ended' : 'until'} ${until}` }, ...parts]
  }

  /** A negated test needs no line of its own below the negation. */
  #clause(clause: ClauseExplanation['clause'], branch: Branch, values: readonly unknown[], depth: number): readonly ClauseExplanation[] {
    const { text, logic, kind } = branch
    const parts = kind === 'not' && branch.parts[0]!.parts.length === 0 ? [] : branch.parts
    const own: ClauseExplanation = {
      clause,
      text,
      note: null,
      parts: parts.length === 0 || kind === 'test' ? null : kind,
      depth,
      value: this.#truths.of(logic, values) ?? null,
      reads: parts.length > 0 ? {} : this.#reads(logic, values),
    }
    return [own, ...parts.flatMap((part) => this.#clause(clause, part, values, depth + 1))]
  }

  #reads(logic: Branch['logic'], values: readonly unknown[]): ClauseExplanation['reads'] {
    return Object.fromEntries(this.#truths.reads(logic, values).filter(([, value]) => value !== undefined))
  }
}

const RANK = { fires: 0, open: 1, silent: 2 }

/** Nothing is known in a phase that was not reached. */
function withoutClauses(policy: PolicyExplanation): PolicyExplanation {
  return { ...policy, state: 'open', clauses: [] }
}
