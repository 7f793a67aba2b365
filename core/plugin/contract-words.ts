// What a plugin brings to the policies: nouns, verbs, checks and engines, and what verbs get and give.
import type { Usage, UsageSource } from '../model/answer.ts'
import type { Booked } from '../model/counters.ts'
import type { Finding } from '../model/content.ts'
import type { Json, Value } from '../model/value.ts'
import type { Target } from '../model/target.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { AnswerView, EnactView, ExchangeView, TargetView } from './contract-views.ts'
import type { Awaitable } from '../model/maybe-promise.ts'

export type Phase = 'request' | 'target' | 'response' | 'stream'

export type AttributeType =
  | { readonly kind: 'text' | 'number' | 'bool' | 'time' | 'duration' | 'ip' }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'list'; readonly of: AttributeType }
  | { readonly kind: 'record'; readonly fields: { readonly [name: string]: AttributeType } }

interface AttributeBase {
  /** Dotted, `tenant.tags`; a last word `*` declares a family (`metadata.*`), whose resolver gets the last word. */
  readonly name: string
  readonly type: AttributeType
  readonly optional: boolean
  readonly source: 'proved' | 'claimed'
  readonly lifetime: 'snapshot' | 'principal' | 'exchange'
  /** `io` runs in the waves under the deadline; `free` and `cpu` must be synchronous. */
  readonly cost: 'free' | 'cpu' | 'io'
  readonly doc: string
  /** Stands in policy tests where nothing is given; required unless optional. */
  readonly example?: Value
}

export type Attribute = AttributeBase &
  (
    | { readonly phase: 'request'; resolve(view: ExchangeView, word: string, signal: AbortSignal): Awaitable<Value> }
    | { readonly phase: 'target'; resolve(view: TargetView, word: string, signal: AbortSignal): Awaitable<Value> }
    | { readonly phase: 'response'; resolve(view: AnswerView, word: string, signal: AbortSignal): Awaitable<Value> }
  )

/** One call of a verb by a policy that fired, operands resolved (see `Operand`). */
export interface EffectCall {
  readonly verb: string
  /** The template that the use was matched with: tells phrases of one verb apart. */
  readonly phrase: string
  readonly policy: string
  readonly severity: 'low' | 'medium' | 'high' | 'critical'
  readonly operands: { readonly [name: string]: Operand | readonly Operand[] }
}

/** Words, texts, detectors (full names) and locations are strings; durations are milliseconds; attributes carry their value. */
export type Operand = string | number | boolean | { readonly percent: number } | { readonly attribute: string; readonly value: unknown }

/** A use of a verb by a policy in force, as it is written: nothing is resolved, attributes have their name alone. */
export interface VerbUse {
  readonly policy: string
  readonly operands: { readonly [name: string]: WrittenOperand | readonly WrittenOperand[] }
}

export type WrittenOperand = string | number | boolean | { readonly percent: number } | { readonly attribute: string }

/** What enacting an effect does to an exchange. Everything is optional; several changes add up. */
export interface Change {
  /** Top-level members of the body to set; null removes. */
  readonly params?: { readonly [name: string]: Json }
  readonly headers?: { readonly [name: string]: string }
  /** Headers of the answer to the client, refusals of later steps included; names in lower case. */
  readonly responseHeaders?: { readonly [name: string]: string }
  readonly warnings?: readonly string[]
  readonly labels?: readonly string[]
  readonly hold?: Hold
}

/** Something held for the time of the exchange: a reservation. Settled exactly once, on every path. */
export interface Hold {
  /** For the record. */
  readonly reservedTokens: number
  /**
   * Told while a stream flows: output tokens so far (estimate). A refusal ends the stream with its code; while a promise is pending nothing more
   * of the answer is released.
   */
  progress?(completionTokens: number): Awaitable<GatewayError | null>
  /** What `settle` books in windows for these figures. Pure; it stands in the record, and settles the exchange should this process die. */
  bookings(settlement: Settlement): Booked
  /** Headers of an answer whose use is known before its header leaves, in place of those of the reservation. Pure. */
  headers?(settlement: Settlement): { readonly [name: string]: string }
  /** `recorded` resolves when the account is written, and rejects when it can not be. */
  settle(settlement: Settlement, recorded: Promise<void>): Awaitable<void>
}

export interface Settlement {
  readonly usage: Usage
  readonly usageSource: UsageSource
  /** Nano-units; null when no rate is known. */
  readonly costNano: bigint | null
  /** True when a byte went to an upstream. */
  readonly dispatched: boolean
}

export type VerbJoin =
  | { readonly kind: 'union' }
  | { readonly kind: 'smallest'; readonly operand: string; readonly by: string }
  | { readonly kind: 'precedence'; readonly by: string }
  | { readonly kind: 'strictest'; readonly operand: string; readonly order: readonly string[] }
  | { readonly kind: 'intersection' }
  | { readonly kind: 'span'; readonly strength: number }

interface VerbBase {
  /** Phrase template, `policy-language` §2: `limit concurrent to <amount:number|attribute> by <attribute...>`. */
  readonly phrase: string
  readonly use: 'fact' | 'effect' | 'exception' | 'overlay' | 'expect'
  readonly phases: readonly Phase[]
  readonly aliases: readonly string[]
  /** True for verbs that protect; with them an absent optional in `unless` is safe. */
  readonly protects: boolean
  readonly doc: string
  /** What the types of the template cannot say, by operand; `policy check` then refuses what the verb would refuse. */
  readonly operands?: { readonly [operand: string]: OperandRule }
}

export interface OperandRule {
  /** Smallest number that makes sense. */
  readonly min?: number
  /** No fractions; or none where another operand is one of these words. */
  readonly whole?: true | { readonly operand: string; readonly is: readonly string[] }
  /** Regular expression that the whole text matches. */
  readonly pattern?: string
  /** Texts that may not stand there, in lower case. */
  readonly not?: readonly string[]
  /** The only attributes that may stand there. */
  readonly only?: readonly string[]
  /** Operand with an attribute: the value is of that attribute's type. */
  readonly like?: string
}

/** A verb acts in exactly one way: on the exchange, on where it may go, or on spans of text. */
export type Verb = VerbBase &
  (
    | {
        readonly acts: 'exchange'
        readonly join: VerbJoin
        enact(view: EnactView, calls: readonly EffectCall[], signal: AbortSignal): Awaitable<Change | GatewayError>
      }
    /** Runs per attempt on a copy, for effects of the phase `target` and `request` alike. */
    | { readonly acts: 'outgoing'; readonly join: VerbJoin; change(view: ExchangeView, calls: readonly EffectCall[]): Change }
    | {
        readonly acts: 'destinations'
        readonly join: { readonly kind: 'intersection' }
        narrow(view: ExchangeView, call: EffectCall): readonly Target[]
      }
    /**
     * The text that takes the place of a finding. Operands name `detector` and `location`. `calls` are all calls of the verb on this span,
     * strongest first, `call` among them. With `reversible` the plugin's hook `openTokens` gives the text, and takes it back out of the answer;
     * `rewrite` then only shows its form, in policy tests and previews.
     */
    | {
        readonly acts: 'spans'
        readonly join: { readonly kind: 'span'; readonly strength: number }
        readonly reversible?: true
        rewrite(text: string, finding: Finding, call: EffectCall, calls?: readonly EffectCall[]): string
      }
  )

/** A named test of a matched text (`luhn`). Pure, and fast enough for the event loop. */
export interface Check {
  readonly name: string
  readonly doc: string
  readonly test: CheckTest
}

export interface CheckTest {
  (match: string): boolean
  /**
   * Optional, and only for speed: many matches begin at one place, and one look at the longest tells about all. Of `ends` (ascending; the
   * first `count` of them) the index of the last for which the text from `start` to there passes; -1 if none does. Agrees with the test.
   */
  readonly lastOf?: (text: string, start: number, ends: readonly number[], count: number) => number
}

/** Detectors that are no patterns: a service that reads texts, all those of an exchange in one call. They do not work on `stream`. */
export interface Engine {
  /** Names as policies write them, dotted: `presidio.person`. */
  readonly detectors: readonly { readonly name: string; readonly doc: string }[]
  /**
   * Findings per text, in the order given: of `wanted` detectors only, offsets in UTF-16 units. Aborted at the deadline of the scan; a rejection,
   * a late answer or a place outside the text make the detectors failed, which the policies' `on error` decides about. Results are cached by text.
   */
  detect(texts: readonly string[], wanted: readonly string[], signal: AbortSignal): Promise<readonly (readonly Finding[])[]>
}

export interface PluginVocabulary {
  readonly attributes?: readonly Attribute[]
  readonly verbs?: readonly Verb[]
  readonly checks?: readonly Check[]
  readonly engines?: readonly Engine[]
}
