// The run-time face of a bundle. The kernel fills slots with what it knows, asks what is open, resolves that, and asks again.
import type { Bundle, CompiledPolicy, Severity } from '../compile/bundle.ts'
import type { Phase } from '../vocabulary/vocabulary.ts'

/** A slot that has not been resolved yet is `undefined`; an absent optional is `null`; FAILED marks a resolver or detector that failed. */
export const FAILED: unique symbol = Symbol('failed')
export type SlotValue = unknown

/** One thing that conditions read: an attribute, or a number about findings. The index of the slot is its place in `Program.slots`. */
export type SlotSource =
  | { readonly kind: 'attribute'; readonly name: string }
  /** `location` may be a union (`prompt`, `completion`). `count` of findings, or the highest `score` (0 if none). */
  | { readonly kind: 'finding'; readonly detector: string; readonly location: string; readonly field: 'count' | 'score' }

/** One verb call of one policy that fired, operands resolved: attributes carry their value. */
export interface EffectCall {
  readonly verb: string
  /** The template that the use was matched with: tells phrases of one verb apart. */
  readonly phrase: string
  readonly policy: string
  readonly severity: Severity
  readonly operands: { readonly [operand: string]: ResolvedOperand | readonly ResolvedOperand[] }
}

export type ResolvedOperand =
  | string
  | number
  | boolean
  | { readonly percent: number }
  | { readonly attribute: string; readonly value: unknown }

export interface Reason {
  readonly policy: string
  readonly version: string | null
  readonly phase: Phase
  readonly severity: Severity
  readonly tags: readonly string[]
  /** `shadow` was evaluated, never joined; `failed_*`: fired through `on error`. */
  readonly state: 'enforced' | 'shadow' | 'skipped' | 'failed_open' | 'failed_closed'
  /** Verbs it asked for, `deny`, `redact`, …, sorted. */
  readonly effects: readonly string[]
  /** Code of its deny or warn, or null. */
  readonly code: string | null
  /** The attribute values and finding numbers its condition read; never content. */
  readonly values: { readonly [name: string]: unknown }
}

export interface Refused {
  readonly policy: string
  /** `pci.card_to_external`, or a code of the error table. */
  readonly code: string
  readonly message: string | null
  readonly status: number | null
}

export interface Decision {
  readonly phase: Phase
  readonly verdict: 'allow' | 'approval' | 'deny'
  /** The primary refusal when the verdict is deny: highest severity, then smallest id; `policy.no_match` when nothing matched. */
  readonly refused: Refused | null
  /** Joined calls of all other verbs, in a stable order. */
  readonly effects: readonly EffectCall[]
  readonly reasons: readonly Reason[]
}

export interface PhaseProgram {
  /** Indices of all slots that this phase's conditions or effects may read. */
  readonly slots: readonly number[]
  readonly policies: readonly CompiledPolicy[]
  /**
   * Evaluates with what is known. Kleene logic: a condition over an undefined or FAILED slot may stay open. With the evaluation of an
   * earlier wave only what was open is looked at again; values that were known then must be the same, but for those the open depend on.
   */
  evaluate(values: readonly SlotValue[], previous?: Evaluation): Evaluation
  /** Joins the fired policies to a decision. Policies that stayed open (something they need failed) act through their `on error`. */
  decide(evaluation: Evaluation, values: readonly SlotValue[]): Decision
}

/** Indices into `PhaseProgram.policies`, ascending, and the slots to resolve before the next wave. */
export interface Evaluation {
  readonly fired: readonly number[]
  readonly open: readonly number[]
  /** Unresolved (undefined, not FAILED) slots that open conditions or effects of fired policies need, ascending; the same array for the same slots. */
  readonly needs: readonly number[]
}

export interface Program {
  readonly bundle: Bundle
  readonly hash: string
  readonly slots: readonly SlotSource[]
  readonly phases: { readonly [phase in Phase]: PhaseProgram }
}
