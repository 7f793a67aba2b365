// Judges one exchange: fills what is free, decides in waves, and carries what it learned from phase to phase.
// A wave evaluates with what is known, then resolves everything that open policies need at once; three waves at most.
import type { AnswerView, ExchangeView, TargetView } from '../plugin/contract.ts'
import { FAILED, type Decision, type Evaluation, type PhaseProgram } from '../../dsl/index.ts'
import { isPromise, then, type Awaitable } from '../model/maybe-promise.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { runHook, type HookLedger } from '../plugin/run.ts'
import type { BoundPolicies, Resolver } from './bind.ts'
import type { Needs, WantedFinding } from './needs.ts'
import type { ContentScan } from './content-scan.ts'

const MAX_WAVES = 3

type AnyView = ExchangeView | TargetView | AnswerView

/** What a phase is judged on. */
interface Judged {
  readonly program: PhaseProgram
  readonly view: AnyView
  readonly prompt: ContentScan
  readonly completion: ContentScan | undefined
}

export class Judge {
  readonly #bound: BoundPolicies
  readonly #ledger: HookLedger
  /** One value per slot of the program; `undefined` is not known yet. */
  readonly values: unknown[]

  constructor(bound: BoundPolicies, ledger: HookLedger, values?: readonly unknown[]) {
    this.#bound = bound
    this.#ledger = ledger
    this.values = values ? values.slice() : new Array<unknown>(bound.program.slots.length)
  }

  /** A judge for one candidate: knows all that this one knows, and learns apart. */
  fork(): Judge {
    return new Judge(this.#bound, this.#ledger, this.values)
  }

  decideRequest(view: ExchangeView, content: ContentScan): Awaitable<Decision> {
    return this.#decide('request', view, content)
  }

  decideTarget(view: TargetView, content: ContentScan): Awaitable<Decision> {
    return this.#decide('target', view, content)
  }

  decideResponse(view: AnswerView, prompt: ContentScan, completion: ContentScan): Awaitable<Decision> {
    return this.#decide('response', view, prompt, completion)
  }

  /** Learns for a phase all that can be known before there is an answer, and tells which of its policies may still fire. */
  foresee(phase: 'response' | 'stream', view: TargetView, prompt: ContentScan): Awaitable<Evaluation> {
    this.#fill(this.#bound.foreseeableResolvers[phase], view)
    return this.#foresee(this.#bound.program.phases[phase], view, prompt, undefined, 1)
  }

  /** Decides on an answer that is too long to be read: whatever it would tell has failed. */
  decideUnread(view: TargetView, prompt: ContentScan): Awaitable<Decision> {
    const program = this.#bound.program.phases.response
    return then(this.foresee('response', view, prompt), (foreseen) => {
      for (const slot of program.slots) if (!this.#bound.isBeforeAnswer(slot)) this.values[slot] = FAILED
      return program.decide(program.evaluate(this.values, foreseen), this.values)
    })
  }

  #foresee(
    program: PhaseProgram,
    view: TargetView,
    prompt: ContentScan,
    previous: Evaluation | undefined,
    wave: number,
  ): Awaitable<Evaluation> {
    const evaluation = program.evaluate(this.values, previous)
    const needs = this.#bound.beforeAnswer(evaluation.needs)
    if (needs.length === 0 || wave > MAX_WAVES) return evaluation
    return then(this.#resolve(needs, view, prompt, undefined), () => this.#foresee(program, view, prompt, evaluation, wave + 1))
  }

  #decide(phase: 'request' | 'target' | 'response', view: AnyView, prompt: ContentScan, completion?: ContentScan): Awaitable<Decision> {
    this.#fill(this.#bound.freeResolvers[phase], view)
    return this.#wave({ program: this.#bound.program.phases[phase], view, prompt, completion }, undefined, 1)
  }

  #wave(judged: Judged, previous: Evaluation | undefined, wave: number): Awaitable<Decision> {
    const { program, view, prompt, completion } = judged
    const evaluation = program.evaluate(this.values, previous)
    if (evaluation.needs.length === 0) return program.decide(evaluation, this.values)
    if (wave > MAX_WAVES) {
      for (const slot of evaluation.needs) this.values[slot] = FAILED
      return program.decide(program.evaluate(this.values, evaluation), this.values)
    }
    const pending = this.#resolve(evaluation.needs, view, prompt, completion)
    return then(pending, () => this.#wave(judged, evaluation, wave + 1))
  }

  #fill(resolvers: readonly Resolver[], view: AnyView): void {
    for (const { slot, attribute, word } of resolvers) {
      if (this.values[slot] !== undefined) continue
      try {
        // The view is of the attribute's phase or a later one, which extends it.
        this.values[slot] = attribute.resolve(view as AnswerView, word, NEVER_ABORTED)
      } catch {
        this.values[slot] = FAILED
      }
    }
  }

  #resolve(needs: readonly number[], view: AnyView, prompt: ContentScan, completion: ContentScan | undefined): Awaitable<void> {
    const wanted = this.#bound.planNeeds(needs)
    const pending: Promise<void>[] = []
    for (const slot of wanted.attributes) this.#resolveAttribute(slot, view, pending)
    scanInto(pending, prompt, wanted)
    scanInto(pending, completion, wanted)
    if (pending.length === 0) return this.#readFindings(wanted.findings, prompt, completion)
    return Promise.all(pending).then(() => this.#readFindings(wanted.findings, prompt, completion))
  }

  #resolveAttribute(slot: number, view: AnyView, pending: Promise<void>[]): void {
    const resolver = this.#bound.resolvers[slot]
    if (!resolver) {
      this.values[slot] = FAILED
      return
    }
    const { attribute, word, owner } = resolver
    const signal = AbortSignal.timeout(owner.budgetMs)
    const keep = (value: unknown): void => {
      this.values[slot] = value instanceof GatewayError ? FAILED : value
    }
    const result = runHook({ ...owner, onFailure: 'deny' }, this.#ledger, null, () => attribute.resolve(view as AnswerView, word, signal))
    if (isPromise(result)) pending.push(result.then(keep))
    else keep(result)
  }

  #readFindings(wanted: readonly WantedFinding[], prompt: ContentScan, completion: ContentScan | undefined): void {
    for (const { slot, members, locations, isPrompt, field } of wanted) {
      const numbers = (isPrompt ? prompt : completion)?.numbers(members, locations) ?? null
      this.values[slot] = numbers === null ? FAILED : numbers[field]
    }
  }
}

function scanInto(pending: Promise<void>[], content: ContentScan | undefined, { members, locations }: Needs): void {
  if (members.length === 0) return
  const done = content?.scan(members, locations)
  if (done !== undefined && isPromise(done)) pending.push(done)
}

const NEVER_ABORTED = new AbortController().signal
