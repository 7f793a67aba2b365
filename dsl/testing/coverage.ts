// Which policies and which branches of their conditions the tests reach, and why not. An arm of an `or` must have been what made it true,
// an arm of an `and` what made it false, an `unless` and an exception must have exempted, and a policy must have fired and stayed silent.
import { needOf } from './needs.ts'
import { Truths } from './truth.ts'
import type { Branch, PolicyBranches } from './branches.ts'
import type { Bundle } from '../compile/bundle.ts'
import type { Phase } from '../vocabulary/vocabulary.ts'
import type { Program, SlotValue } from '../evaluate/program.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

export interface Uncovered {
  readonly branch: 'fires' | 'silent' | 'and' | 'or' | 'unless' | 'exception' | 'on error'
  /** As written; the title of an exception. */
  readonly text: string
  /** Why no test reaches it, and what one would have to say. */
  readonly reason: string
  readonly span: Span
}

export interface PolicyCoverage {
  readonly policy: string
  readonly overlay: string | null
  readonly reached: number
  readonly total: number
  readonly uncovered: readonly Uncovered[]
  /** What no test of a file can reach; it is not counted. */
  readonly untestable: readonly Uncovered[]
}

interface Seen {
  readonly truths: Set<boolean>
  /** Attributes that a false one read, with the last value. */
  values: readonly (readonly [name: string, value: unknown])[]
}

/** Watches the tests of a set. `see` is called once for each phase that a test reaches, with everything that was known at its end. */
export class Coverage {
  readonly #bundle: Bundle
  readonly #policies: readonly Watched[]

  constructor(bundle: Bundle, policies: readonly PolicyBranches[]) {
    this.#bundle = bundle
    this.#policies = policies.map((policy) => new Watched(policy))
  }

  see(program: Program, phase: Phase, values: readonly SlotValue[]): void {
    const truths = this.#truthsOf(program)
    for (const policy of this.#policies) policy.see(phase, values, truths)
  }

  result(): readonly PolicyCoverage[] {
    return this.#policies.map((policy) => policy.result(this.#bundle))
  }

  #truths: { readonly program: Program; readonly truths: Truths } | null = null

  #truthsOf(program: Program): Truths {
    if (this.#truths?.program !== program) this.#truths = { program, truths: new Truths(program) }
    return this.#truths.truths
  }
}

class Watched {
  readonly #policy: PolicyBranches
  readonly #seen = new Map<Branch, Seen>()
  #isJudged = false
  #isForTenant = false
  readonly #outcomes = new Set<boolean>()

  constructor(policy: PolicyBranches) {
    this.#policy = policy
  }

  see(phase: Phase, values: readonly SlotValue[], truths: Truths): void {
    const { policy, guard, when, unless, exceptions } = this.#policy
    if (!policy.phases.includes(phase)) return
    this.#isJudged = true
    if (guard !== null && truths.of(guard, values) !== true) return
    this.#isForTenant = true
    const fires = truths.of(policy.when, values)
    if (fires !== undefined) this.#outcomes.add(fires)
    const visit = (branch: Branch): boolean | undefined =>
      truths.visit(branch, values, (part, truth) => this.#note(part, truth, values, truths))
    if (when && visit(when) !== true) return
    if (unless && visit(unless) !== false) return
    for (const { branch, logic } of exceptions) {
      // One that has ended exempts nobody.
      if (truths.of(logic, values) === false && truths.of(branch.logic, values) === true) continue
      if (visit(branch) === true) return
    }
  }

  #note(branch: Branch, truth: boolean, values: readonly SlotValue[], truths: Truths): void {
    let seen = this.#seen.get(branch)
    if (!seen) this.#seen.set(branch, (seen = { truths: new Set(), values: [] }))
    seen.truths.add(truth)
    if (!truth)
      seen.values = truths.reads(branch.logic, values).filter(([name, value]) => value !== undefined && !name.startsWith('found.'))
  }

  result(bundle: Bundle): PolicyCoverage {
    const { policy, when, unless, exceptions, onError } = this.#policy
    const branches: Goal[] = [
      {
        branch: 'fires',
        text: policy.id,
        span: policy.span,
        isReached: this.#outcomes.has(true),
        reason: () => this.#whyNeverFires(bundle),
      },
    ]
    if (when ?? unless) {
      const reason = (): string => (when ? `it fired every time; it needs ${needOf(when, false, bundle)}` : 'it fired every time')
      branches.push({ branch: 'silent', text: policy.id, span: policy.span, isReached: this.#outcomes.has(false), reason })
    }
    if (when) branches.push(...this.#armsOf(when, bundle))
    if (unless) branches.push(this.#exemption('unless', unless.text, unless, bundle), ...this.#armsOf(unless, bundle))
    for (const { title, branch } of exceptions)
      branches.push(this.#exemption('exception', title, branch, bundle), ...this.#armsOf(branch, bundle))
    const missed = branches.filter(({ isReached }) => !isReached)
    const shown = this.#isForTenant ? missed : missed.slice(0, 1)
    return {
      policy: policy.id,
      overlay: policy.overlay,
      reached: branches.length - missed.length,
      total: branches.length,
      uncovered: shown.map(({ branch, text, span, reason }) => ({ branch, text, span, reason: reason() })),
      untestable: onError ? [{ branch: 'on error', text: onError.text, span: onError.span, reason: NO_FAILURES }] : [],
    }
  }

  #whyNeverFires(bundle: Bundle): string {
    const { policy, guard, when, unless, exceptions } = this.#policy
    if (!this.#isJudged) return `never judged: ${policy.phases.map((phase) => UNREACHED[phase]).join('; ')}`
    if (guard !== null && !this.#isForTenant) return `no test is of its tenants; it needs a \`given tenant.id\` that the overlay names`
    if (when && !this.#seen.get(when)?.truths.has(true)) return this.#whyNever(when, true, bundle)
    if (unless && !this.#seen.get(unless)?.truths.has(false)) return `\`unless ${unless.text}\` held every time`
    return exceptions.length > 0 ? 'an exception exempted every time' : 'it was never known whether it fires'
  }

  /** Blames the part that kept the whole from coming out as wanted. `named` was named just before. */
  #whyNever(branch: Branch, wanted: boolean, bundle: Bundle, named: Branch | null = null): string {
    if (branch.kind === 'not') return this.#whyNever(branch.parts[0]!, !wanted, bundle, named)
    const needsAll = branch.kind === (wanted ? 'and' : 'or')
    const guilty = needsAll ? branch.parts.find((part) => !this.#seen.get(part)?.truths.has(wanted)) : undefined
    if (guilty) return this.#whyNever(guilty, wanted, bundle, named)
    const seen = this.#seen.get(branch)
    const text = branch === named ? 'it' : `\`${branch.text}\``
    if (!seen) return `${text} was never looked at; it needs ${needOf(branch, wanted, bundle)}`
    return `${text} was ${String(!wanted)} every time${valuesOf(seen, wanted)}; it needs ${needOf(branch, wanted, bundle)}`
  }

  #exemption(kind: 'unless' | 'exception', text: string, branch: Branch, bundle: Bundle): Goal {
    const seen = this.#seen.get(branch)
    const reason = (): string => {
      if (!seen) return 'never looked at: the condition before it was always false'
      return this.#whyNever(branch, true, bundle, kind === 'unless' ? branch : null)
    }
    return { branch: kind, text, span: branch.span, isReached: seen?.truths.has(true) ?? false, reason }
  }

  #armsOf(branch: Branch, bundle: Bundle): readonly Goal[] {
    const wanted = branch.kind === 'or'
    return branch.parts.flatMap((part, at) => {
      if (branch.kind === 'not') return this.#armsOf(part, bundle)
      const isReached = this.#seen.get(part)?.truths.has(wanted) ?? false
      const reason = (): string => this.#whyArm(branch, part, at, wanted, bundle)
      const goal: Goal = { branch: wanted ? 'or' : 'and', text: part.text, span: part.span, isReached, reason }
      return [goal, ...this.#armsOf(part, bundle)]
    })
  }

  #whyArm(branch: Branch, part: Branch, at: number, wanted: boolean, bundle: Bundle): string {
    const seen = this.#seen.get(part)
    if (seen) return `it was ${String(!wanted)} every time${valuesOf(seen, wanted)}; it needs ${needOf(part, wanted, bundle)}`
    const before = branch.parts.slice(0, at).find((one) => !this.#seen.get(one)?.truths.has(!wanted))
    if (before && this.#seen.has(before))
      return `never looked at: \`${before.text}\` before it was always ${String(wanted)}; it needs ${needOf(before, !wanted, bundle)}`
    return 'never looked at: what stands before it always decided'
  }
}

interface Goal {
  readonly branch: Uncovered['branch']
  readonly text: string
  readonly span: Span
  readonly isReached: boolean
  readonly reason: () => string
}

const NO_FAILURES = 'no test can make a detector or an attribute fail'

const UNREACHED: { readonly [phase in Phase]: string } = {
  request: 'there is no test',
  target: 'no test with a `given target.…` gets as far as `target`',
  response: 'no test with an `answer` gets as far as `response`',
  stream: 'no test with `chunks` gets as far as `stream`',
}

function valuesOf({ values }: Seen, wanted: boolean): string {
  if (!wanted || values.length === 0) return ''
  return ` (${values.map(([name, value]) => `\`${name}\` was ${value === null ? 'absent' : JSON.stringify(value)}`).join(', ')})`
}
