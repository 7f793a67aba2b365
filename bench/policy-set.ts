// A policy set as a platform of many tenants would have it, and requests for it: four policies of five speak of one tenant, the fifth of all.
import { NO_QUOTA } from '../core/model/quota.ts'
import type { ExchangeView } from '../core/plugin/contract.ts'

export const TENANTS = 200

type Kind = (n: number, tenant: string) => string

/** What a company asks for its own tenants. */
const OF_ONE_TENANT: readonly Kind[] = [
  (n, tenant) => `"Tenant ${tenant} does without model ${n}" {
  severity high
  on       request
  when     tenant.id == "${tenant}" and request.model == "model-${n % 20}" and not (key.scopes has "frontier")
  deny     "bench.model_closed" "This model is closed for the tenant."
}`,
  (n, tenant) => `"Tenant ${tenant} removes contact data" {
  severity high
  on       request
  when     tenant.id == "${tenant}" and prompt contains std.email
  redact   std.email in prompt
}`,
  (n, tenant) => `"Tenant ${tenant} bounds its answers" {
  on       request
  when     tenant.id == "${tenant}" and request.max_tokens exists and request.max_tokens > ${500 + (n % 9) * 500}
  cap      request.max_tokens at ${500 + (n % 9) * 500}
}`,
  (n, tenant) => `"Tenant ${tenant} labels what runs outside office hours" {
  on       request
  when     tenant.id == "${tenant}" and (time.hour < 7 or time.hour >= 19) and not (user.roles has "operator")
  label    "night-${n % 50}"
}`,
]

/** What the platform asks of everybody. */
const OF_ALL: readonly Kind[] = [
  (n) => `"Sector ${n} is labelled in its region" {
  on       request
  when     tenant.region == "region-${n % 12}" and tenant.tags has "sector-${n}"
  label    "sector-${n}"
}`,
  (n) => `"Family ${n} of models needs its scope" {
  severity high
  on       request
  when     request.model in ["family-${n}-large", "family-${n}-small"] and not (key.scopes has "family-${n}")
  deny     "bench.family" "The key lacks the scope."
}`,
  (n) => `"Long prompts of plan ${n} are labelled" {
  on       request
  when     tenant.plan == "plan-${n % 6}" and request.tokens > ${2 + (n % 40)}000
  label    "long-${n}"
}`,
  (n) => `"Tool ${n} may not write" {
  severity high
  on       request
  when     some t in request.tools where (t.writes and t.name == "tool-${n}")
  deny     "bench.tool" "This tool may only read."
}`,
  (n) => `"Cards stay out of programme ${n}" {
  severity critical
  on       request
  when     tenant.tags has "programme-${n}" and prompt contains std.payment_card
  deny     "bench.card" "Remove the card number."
}`,
  (n) => `"Previews of line ${n} come with a warning" {
  on       request
  when     request.model like "preview-${n}-*"
  warn     "bench.preview_${n}"
}`,
  (n) => `"Network ${n} is closed for service keys" {
  severity high
  on       request
  when     client.ip in ["10.${n % 250}.0.0/16"] and key.scopes has "service-${n}"
  deny     "bench.network" "This network is closed."
}`,
  (n) => `"Feature ${n} is kept sober" {
  on       request
  when     feature.name == "feature-${n % 40}" and request.temperature exists and request.temperature > 1.${n % 10}
  label    "warm-${n}"
}`,
]

/** Text of `count` policies on requests, and one that allows. */
export function policySet(count: number): string {
  const policies = Array.from({ length: count }, (_, i) => {
    const n = Math.floor(i / 5)
    const kind = i % 5 === 4 ? OF_ALL[n % OF_ALL.length]! : OF_ONE_TENANT[i % 5]!
    return `policy bench.p${i} ${kind(n, `tenant-${n % TENANTS}`)}`
  })
  const open = 'policy bench.open "Keys with the scope chat may chat" {\n  on       request\n  when     key.scopes has "chat"\n  allow\n}'
  return ['module bench.platform', 'import standard.detectors as std', '', open, ...policies, ''].join('\n\n')
}

type Draw = <T>(items: readonly T[]) => T

const FRESH = new Date('2026-11-21T10:00:00Z').getTime()

/** Requests as the pipeline hands them to the policies. Every tenant has two kinds of keys; ten models and three features are in use. */
export function requestsFor(count: number): readonly ExchangeView[] {
  const random = mulberry32(42)
  const draw: Draw = (items) => items[Math.floor(random() * items.length)]!
  return Array.from({ length: count }, () => requestOf(Math.floor(random() * TENANTS), draw))
}

function requestOf(t: number, draw: Draw): ExchangeView {
  const feature = draw([null, null, 'feature-1', 'feature-2', 'feature-3'])
  const scopes = draw([
    ['chat', `family-${t}`],
    ['chat', 'frontier', `service-${t % 40}`],
  ])
  return {
    id: 'bench',
    receivedAt: FRESH,
    principal: { tenantId: `tenant-${t}`, keyId: `key-${t}`, scopes, models: null, features: null, user: null },
    tenant: {
      id: `tenant-${t}`,
      plan: `plan-${t % 6}`,
      region: `region-${t % 12}`,
      tags: [`sector-${(t % 24) * 8}`, `programme-${(t % 25) * 8 + 4}`],
      timeZone: 'UTC',
      features: null,
      defaultFeature: null,
      quota: NO_QUOTA,
      markup: '1',
    },
    feature:
      feature === null
        ? null
        : { name: feature, model: null, fallback: [], pii: 'scrub', maxOutput: null, allow: [], models: null, quota: NO_QUOTA },
    claims: { feature, user: null, session: null, instance: null, maxCostNano: null, metadata: {} },
    client: { ip: `10.${t % 250}.0.7`, userAgent: 'bench' },
    request: {
      dialect: 'openai-chat',
      endpoint: 'chat.completions',
      body: {},
      raw: Buffer.alloc(0),
      faithful: true,
      model: draw([
        'auto',
        'model-1',
        'model-2',
        'model-3',
        'model-4',
        'model-5',
        'family-9-large',
        'family-17-small',
        'gpt-5',
        'preview-5-a',
      ]),
      stream: draw([true, false]),
      wantsUsage: false,
      choices: 1,
      maxTokens: draw([null, 256, 1024, 4096]),
      temperature: draw([null, 0.2, 1.05]),
      parts: [],
      tools: draw([[], [], [{ name: 'search', source: 'client' }]] as const),
      references: [],
      serverTools: [],
      unscanned: [],
    },
    promptTokens: draw([200, 900, 3500]),
    directory: {
      tenants: new Map(),
      features: new Map(),
      models: new Map(),
      pools: new Map(),
      users: new Map(),
      keys: [],
      tools: new Map(),
    },
  }
}

function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
