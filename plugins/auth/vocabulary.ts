// The nouns of who calls: `tenant key user client` are proved; what a caller says of itself in headers is claimed, and says so.
import type { Attribute, ExchangeView, PluginVocabulary, Value } from '../../core/plugin/index.ts'

type Type = Attribute['type']
type Read = (view: ExchangeView) => Value

const TEXT: Type = { kind: 'text' }
const TEXTS: Type = { kind: 'list', of: TEXT }

const base = { phase: 'request', cost: 'free' } as const

/** Known from the key alone, so the same for all its exchanges. */
function proved(name: string, type: Type, example: Value, doc: string, resolve: Read): Attribute {
  return { ...base, name, type, optional: false, example, source: 'proved', lifetime: 'principal', doc, resolve }
}

function provedOptional(name: string, type: Type, doc: string, resolve: Read): Attribute {
  return { ...base, name, type, optional: true, source: 'proved', lifetime: 'principal', doc, resolve }
}

function claimed(name: string, doc: string, resolve: Read): Attribute {
  return { ...base, name, type: TEXT, optional: true, source: 'claimed', lifetime: 'exchange', doc, resolve }
}

const TENANT: readonly Attribute[] = [
  proved('tenant.id', TEXT, 'acme', 'The tenant the key belongs to.', ({ tenant }) => tenant.id),
  provedOptional('tenant.plan', TEXT, 'The plan of the tenant.', ({ tenant }) => tenant.plan),
  provedOptional('tenant.region', TEXT, 'The region of the tenant.', ({ tenant }) => tenant.region),
  proved('tenant.tags', TEXTS, [], 'Tags of the tenant.', ({ tenant }) => tenant.tags),
  provedOptional('tenant.features', TEXTS, 'Features the tenant may use; absent: all.', ({ tenant }) => tenant.features),
]

const KEY: readonly Attribute[] = [
  provedOptional('key.id', TEXT, 'The id of the key; absent for callers in the same process.', ({ principal }) => principal.keyId),
  provedOptional(
    'key.family',
    TEXT,
    'The id of the first key of a line of rotations: the same for a key and its successors, so that limits by it count for them together.',
    ({ principal }) => principal.keyFamily ?? principal.keyId,
  ),
  proved('key.scopes', TEXTS, ['chat'], 'Scopes of the key.', ({ principal }) => principal.scopes),
  provedOptional('key.models', TEXTS, 'Models the key may use; absent: all.', ({ principal }) => principal.models),
  provedOptional('key.features', TEXTS, 'Features the key may use; absent: all.', ({ principal }) => principal.features),
]

const USER: readonly Attribute[] = [
  provedOptional(
    'user.id',
    TEXT,
    'The proved user: named by a key with the scope `act-as-user`.',
    ({ principal }) => principal.user?.id ?? null,
  ),
  proved('user.roles', TEXTS, [], 'Roles of the proved user; empty without one.', ({ principal }) => principal.user?.roles ?? []),
  claimed('request.user', 'The user as the caller claims (`x-sallyport-user`).', ({ claims }) => claims.user),
  claimed('session.id', 'The session as the caller claims (`x-sallyport-session`).', ({ claims }) => claims.session),
  claimed('instance.id', 'The instance as the caller claims (`x-sallyport-instance`).', ({ claims }) => claims.instance),
]

const CLIENT_IP: Attribute = {
  ...base,
  name: 'client.ip',
  type: { kind: 'ip' },
  optional: false,
  example: '192.0.2.1',
  source: 'proved',
  lifetime: 'exchange',
  doc: 'The address of the client; behind proxies that `server.trustProxy` names, the one they report.',
  resolve: ({ client }: ExchangeView) => client.ip,
}

export const AUTH_VOCABULARY: PluginVocabulary = { attributes: [...TENANT, ...KEY, ...USER, CLIENT_IP] }
