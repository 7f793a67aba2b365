// The verbs of routing: where a request may go (`route`), and what it may ask for there (`cap`, `set`).
import {
  GatewayError,
  type Change,
  type EffectCall,
  type ExchangeView,
  type Json,
  type Operand,
  type Target,
  type Verb,
} from '../../core/plugin/index.ts'
import { firstActive } from './resolve.ts'

/** Parameters of the request that policies may change. */
const PARAMETERS = ['request.max_tokens', 'request.temperature']
const SETTABLE = { only: PARAMETERS }

const HEADER_NAME = "[A-Za-z0-9!#$%&'*+.^_`|~-]+"
/** Printable latin-1 and tab: RFC 9110 §5.5 without the line breaks that would smuggle in another header. */
const HEADER_VALUE = '[\\t\\x20-\\x7e\\x80-\\xff]*'

/** Credentials come from references, and the connection is the transport's; no policy may write either. */
const FORBIDDEN_HEADERS = [
  'authorization',
  'x-api-key',
  'api-key',
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'accept-encoding',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'expect',
  'te',
  'trailer',
]

export const verbs: readonly Verb[] = [
  {
    phrase: 'route to secure',
    use: 'effect',
    phases: ['request'],
    aliases: ['send', 'reroute'],
    protects: true,
    doc: 'Sends the request to the first active secure model.',
    acts: 'destinations',
    join: { kind: 'intersection' },
    narrow: destinations,
  },
  {
    phrase: 'route to <kind:pool|model> <name:text...>',
    use: 'effect',
    phases: ['request'],
    aliases: [],
    protects: true,
    doc: 'Allows only the named models, or the models of the named pools. Several `route` effects allow what all of them allow.',
    acts: 'destinations',
    join: { kind: 'intersection' },
    narrow: destinations,
  },
  {
    phrase: 'cap <attribute> at <amount:number|attribute>',
    use: 'effect',
    phases: ['request', 'target'],
    aliases: ['bound', 'clamp'],
    protects: true,
    doc: 'Lowers `request.max_tokens` or `request.temperature` to the amount; never raises it. An absent amount is no cap.',
    acts: 'outgoing',
    join: { kind: 'smallest', operand: 'amount', by: 'attribute' },
    operands: { attribute: SETTABLE, amount: { min: 0 } },
    change: applyCaps,
  },
  {
    phrase: 'set header <name:text> to <value:text>',
    use: 'effect',
    phases: ['request', 'target'],
    aliases: [],
    protects: false,
    doc: 'Sets a header of the upstream request. Credentials and headers of the connection cannot be set.',
    acts: 'outgoing',
    join: { kind: 'precedence', by: 'name' },
    operands: { name: { pattern: HEADER_NAME, not: FORBIDDEN_HEADERS }, value: { pattern: HEADER_VALUE } },
    change: applySets,
  },
  {
    phrase: 'set <attribute> to <value:text|number|bool>',
    use: 'effect',
    phases: ['request', 'target'],
    aliases: ['assign'],
    protects: false,
    doc: 'Sets `request.max_tokens` or `request.temperature`.',
    acts: 'outgoing',
    join: { kind: 'precedence', by: 'attribute' },
    operands: { attribute: SETTABLE, value: { min: 0, like: 'attribute' } },
    change: applySets,
  },
]

// ── route ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function destinations({ directory }: ExchangeView, { operands }: EffectCall): readonly Target[] {
  if (operands.kind === undefined) return firstActive(directory, true)?.targets ?? []
  const names = asList(operands.name).map(String)
  const models = operands.kind === 'pool' ? names.flatMap((name) => directory.pools.get(name)?.models ?? []) : names
  return [...new Set(models)].flatMap((name) => {
    const model = directory.models.get(name)
    return model?.active ? model.targets : []
  })
}

function asList(operand: Operand | readonly Operand[] | undefined): readonly Operand[] {
  return operand === undefined ? [] : Array.isArray(operand) ? operand : [operand as Operand]
}

// ── cap ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

function applyCaps(view: ExchangeView, calls: readonly EffectCall[]): Change {
  const smallest = new Map<string, number>()
  for (const call of calls) {
    const name = parameterOf(call)
    const amount = amountOf(call)
    if (amount !== null) smallest.set(name, Math.min(amount, smallest.get(name) ?? Infinity))
  }
  const maxTokens = smallest.get('request.max_tokens')
  const temperature = smallest.get('request.temperature')
  const tokens = maxTokens === undefined ? {} : lowerOutput(view, maxTokens)
  return {
    params: { ...tokens, ...(temperature === undefined ? {} : lowerTemperature(view, temperature)) },
    ...(Object.keys(tokens).length > 0 ? { warnings: ['output_capped'] } : {}),
  }
}

/** Null: the attribute that gives the amount is absent, which is no cap. */
function amountOf(call: EffectCall): number | null {
  const amount = call.operands.amount
  const value = isAttribute(amount) ? amount.value : amount
  if (value === null) return null
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw misused(call, 'needs a number')
}

const OUTPUT_BOUNDS = ['max_tokens', 'max_completion_tokens'] as const

/** Lowers the bound under the name that the client used; a client that set none gets `max_tokens`, which every compatible server knows. */
function lowerOutput(view: ExchangeView, amount: number): { [name: string]: Json } {
  const bound = Math.max(1, Math.floor(amount))
  const used = usedBounds(view)
  if (used.length === 0) return { max_tokens: bound }
  return Object.fromEntries(used.filter((name) => (view.request.body[name] as number) > bound).map((name) => [name, bound]))
}

function usedBounds({ request }: ExchangeView): readonly (typeof OUTPUT_BOUNDS)[number][] {
  return OUTPUT_BOUNDS.filter((name) => typeof request.body[name] === 'number')
}

/** The APIs' own default where a client sets no temperature. */
const DEFAULT_TEMPERATURE = 1

function lowerTemperature({ request }: ExchangeView, amount: number): { [name: string]: Json } {
  return (request.temperature ?? DEFAULT_TEMPERATURE) > amount ? { temperature: amount } : {}
}

// ── set ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

function applySets(view: ExchangeView, calls: readonly EffectCall[]): Change {
  const headers: { [name: string]: string } = {}
  const params: { [name: string]: Json } = {}
  // The strongest is written last, so that it stays.
  for (const call of calls.toSorted(byPrecedence).toReversed()) {
    if (call.operands.name !== undefined) headers[headerNameOf(call)] = headerValueOf(call)
    else for (const name of membersFor(view, parameterOf(call))) params[name] = numberOf(call)
  }
  return { headers, params }
}

/** Body members behind an attribute; the output bound keeps the names that the client used, since providers refuse two. */
function membersFor(view: ExchangeView, attribute: string): readonly string[] {
  if (attribute !== 'request.max_tokens') return [attribute.slice('request.'.length)]
  const used = usedBounds(view)
  return used.length > 0 ? used : ['max_tokens']
}

const SEVERITIES = ['critical', 'high', 'medium', 'low']

function byPrecedence(a: EffectCall, b: EffectCall): number {
  return SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || (a.policy < b.policy ? -1 : a.policy > b.policy ? 1 : 0)
}

const IS_HEADER_NAME = new RegExp(`^(?:${HEADER_NAME})$`)
const IS_HEADER_VALUE = new RegExp(`^(?:${HEADER_VALUE})$`)

function headerNameOf(call: EffectCall): string {
  const name = textOf(call, call.operands.name).toLowerCase()
  if (!IS_HEADER_NAME.test(name)) throw misused(call, `can not set a header named \`${name}\``)
  if (FORBIDDEN_HEADERS.includes(name)) throw misused(call, `may not set the header \`${name}\``)
  return name
}

function headerValueOf(call: EffectCall): string {
  const value = textOf(call, call.operands.value)
  if (!IS_HEADER_VALUE.test(value)) throw misused(call, 'needs a header value without control characters')
  return value
}

function numberOf(call: EffectCall): number {
  if (typeof call.operands.value !== 'number') throw misused(call, 'needs a number')
  return call.operands.value
}

// ── shared ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function parameterOf(call: EffectCall): string {
  const operand = call.operands.attribute
  const name = isAttribute(operand) ? operand.attribute : textOf(call, operand)
  if (!PARAMETERS.includes(name))
    throw misused(call, `can not change \`${name}\`; it knows \`request.max_tokens\` and \`request.temperature\``)
  return name
}

function textOf(call: EffectCall, operand: Operand | readonly Operand[] | undefined): string {
  if (typeof operand === 'string') return operand
  throw misused(call, 'needs a text')
}

function isAttribute(
  operand: Operand | readonly Operand[] | undefined,
): operand is { readonly attribute: string; readonly value: unknown } {
  return typeof operand === 'object' && 'attribute' in operand
}

/** A policy that asks for the impossible refuses: sending the request without its effect would be a silent loss. */
function misused(call: EffectCall, what: string): GatewayError {
  return new GatewayError('policy_denied', {
    reason: 'policy.bad_effect',
    policy: call.policy,
    message: `The verb \`${call.verb}\` of the policy ${call.policy} ${what}.`,
    resolution: 'Ask the operator to correct the policy.',
  })
}
