// How much output a request may still produce: the client's own bound, the feature's, the price cap, and what its limits still buy.
import { GatewayError, type EnactView, type Target } from '../../core/plugin/index.ts'
import type { Limit, Limits } from './limits.ts'
import { costOf, showMoneyIn, type Price } from './price.ts'

export interface BoundSettings {
  /** Output tokens per choice for a request that no one bounds, where a finite limit applies. */
  readonly defaultMaxOutputTokens: number
}

/** The settings, and the base currency for what a client is told. */
export interface BoundRules {
  readonly settings: BoundSettings
  readonly currency: string
}

/** True where a limit makes it matter how much output comes. */
export function countsOutput({ unit, finite }: Limit): boolean {
  return finite && unit !== 'requests'
}

/**
 * The bound without the limits: min(client's max × n, feature's cap), lowered to what `maxCostNano` buys where the client named no maximum. A
 * client that names both, and whose maximum could cost more, gets `max_cost_exceeded`. Where neither names one and something counts the output,
 * it is what the model can give if that is known, or `defaultMaxOutputTokens`: all that money buys is more than a provider takes.
 */
export function ownBound(view: EnactView, limits: Limits, price: Price, { settings, currency }: BoundRules): number | GatewayError {
  const { maxCostNano } = limits
  const asked = askedTokens(view)
  const affordable = maxCostNano === null ? Infinity : tokensFor(maxCostNano - price.input * view.promptTokens, price)
  const choices = choicesOf(view)
  if (maxCostNano !== null && affordable < choices) return tooDear(maxCostNano, costOf(price, view.promptTokens, choices), currency)
  const possible = possibleTokens(view) * choices
  const usual = settings.defaultMaxOutputTokens * choices
  let bound = Math.min(asked ?? Infinity, Math.max(choices, view.feature?.maxOutput ?? Infinity))
  if (bound !== Infinity) bound = asked === null ? Math.min(bound, possible) : bound
  else if (affordable !== Infinity) bound = possible === Infinity ? usual : possible
  else if (!view.request.stream && limits.amounts.some(countsOutput)) bound = Math.min(possible, usual)
  if (maxCostNano !== null && asked !== null && affordable < bound)
    return tooDear(maxCostNano, costOf(price, view.promptTokens, bound), currency)
  return Math.min(bound, affordable)
}

/**
 * Output tokens that the finite limits buy beside the prompt while nothing of them is used; at least one for each choice, so that a limit that is
 * too small for them, or 0, refuses by its name.
 */
export function boughtTokens(limits: readonly Limit[], price: Price, view: EnactView): number {
  let tokens = Infinity
  for (const limit of limits) if (countsOutput(limit)) tokens = Math.min(tokens, tokensWithin(limit, limit.limit, price, view.promptTokens))
  return Math.max(choicesOf(view), tokens)
}

/** Choices of the answer. Each is at least one token, for nobody can be asked for less. */
export function choicesOf({ request }: EnactView): number {
  return Math.max(1, request.choices)
}

/** Output tokens that are left of a limit; 0 where asking for less does not help. A rate refills by itself: waiting beats half an answer. */
export function roomFor(limit: Limit, used: number, price: Price, promptTokens: number): number {
  return countsOutput(limit) && limit.window !== 'minute' ? tokensWithin(limit, limit.limit - used, price, promptTokens) : 0
}

function tokensWithin({ unit }: Limit, amount: number, price: Price, promptTokens: number): number {
  return unit === 'money' ? tokensFor(amount - price.input * promptTokens, price) : amount - promptTokens
}

/** What has to be sent upstream so that a bound holds there too. */
export function perChoice(view: EnactView, tokens: number): number | null {
  const asked = askedTokens(view)
  if (tokens === Infinity || (asked !== null && tokens >= asked)) return null
  return Math.max(1, Math.floor(tokens / choicesOf(view)))
}

/**
 * The name under which the bound is sent: the client's own, else `max_completion_tokens` where only OpenAI and Azure themselves may answer
 * (their reasoning models refuse `max_tokens`), else `max_tokens`, which every compatible server knows.
 */
export function boundParameter(view: EnactView): 'max_tokens' | 'max_completion_tokens' {
  const { body } = view.request
  if ('max_completion_tokens' in body || 'max_completion_tokens' in view.outgoing.params) return 'max_completion_tokens'
  if ('max_tokens' in body || 'max_tokens' in view.outgoing.params) return 'max_tokens'
  return view.candidates.length > 0 && view.candidates.every(isOpenAiItself) ? 'max_completion_tokens' : 'max_tokens'
}

function isOpenAiItself({ provider }: Target): boolean {
  if (provider.endpoint === null) return provider.type === 'openai'
  return /^https:\/\/(api\.openai\.com|[a-z0-9-]+\.openai\.azure\.com)(\/|$)/.test(provider.endpoint)
}

/** Output tokens per choice that every candidate can give, as far as it is known. */
function possibleTokens({ candidates }: EnactView): number {
  let tokens = Infinity
  for (const { maxOutput } of candidates) if (maxOutput && maxOutput < tokens) tokens = maxOutput
  return tokens
}

/** The client's bound for all choices, as effects before this one left it. */
function askedTokens(view: EnactView): number | null {
  const { params } = view.outgoing
  const changed = params.max_completion_tokens ?? params.max_tokens
  const perChoice = typeof changed === 'number' ? changed : view.request.maxTokens
  return perChoice === null ? null : perChoice * choicesOf(view)
}

function tokensFor(nano: number, price: Price): number {
  if (nano < 0) return 0
  return price.output === 0 ? Infinity : Math.floor(nano / price.output)
}

function tooDear(maxCostNano: number, costNano: number, currency: string): GatewayError {
  const [cost, cap] = [showMoneyIn(currency, costNano), showMoneyIn(currency, maxCostNano)]
  return new GatewayError('max_cost_exceeded', { message: `The request could cost ${cost} and may cost at most ${cap}.` })
}
