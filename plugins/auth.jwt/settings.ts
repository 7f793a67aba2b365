// What an operator says about an issuer of tokens, and its JSON Schema.
import type { JsonSchema } from '../../core/plugin/index.ts'

/** Where a value stands in a token: a claim, dotted for nested ones (`realm_access.roles`). */
export interface Issuer {
  /** Exactly the claim `iss`. */
  readonly issuer: string
  /** At least one of them must stand in `aud`. */
  readonly audience: readonly string[]
  /** Where its public keys are; absent: as its OpenID discovery document says. */
  readonly jwksUri?: string
  readonly algorithms: readonly string[]
  readonly clockToleranceSeconds: number
  /** The tenant of all its tokens, or the claim that names it; `map` translates what the claim says. */
  readonly tenant: string | { readonly claim: string; readonly map?: { readonly [value: string]: string } }
  readonly userClaim: string
  readonly rolesClaim: string
  readonly scopesClaim: string
  /** Scopes of tokens that have no such claim. */
  readonly defaultScopes: readonly string[]
  /** Claim with the features that the token may use; without it, or absent in a token: all of the tenant. */
  readonly featuresClaim?: string
  /** Values of a claim that make somebody an administrator, with the role. */
  readonly admin?: { readonly claim: string; readonly roles: { readonly [value: string]: AdminRole } }
}

export type AdminRole = 'owner' | 'operator' | 'auditor' | 'viewer'

export interface JwtSettings {
  readonly issuers: readonly Issuer[]
}

/** Signatures that only the issuer's private key can make; a shared secret would let us forge. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const

const text = { type: 'string', minLength: 1 } as const
const claim = (fallback: string): JsonSchema => ({ ...text, default: fallback })

export const SETTINGS_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    issuers: {
      type: 'array',
      default: [],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['issuer', 'audience', 'tenant'],
        properties: {
          issuer: { ...text, pattern: '^https?://' },
          audience: { type: 'array', minItems: 1, items: text },
          jwksUri: { ...text, pattern: '^https?://' },
          algorithms: { type: 'array', minItems: 1, items: { enum: ALGORITHMS }, default: ['RS256', 'ES256'] },
          clockToleranceSeconds: { type: 'integer', minimum: 0, maximum: 300, default: 30 },
          tenant: {
            anyOf: [
              text,
              {
                type: 'object',
                additionalProperties: false,
                required: ['claim'],
                properties: { claim: text, map: { type: 'object', additionalProperties: text } },
              },
            ],
          },
          userClaim: claim('sub'),
          rolesClaim: claim('roles'),
          scopesClaim: claim('scope'),
          defaultScopes: { type: 'array', items: text, default: ['chat'] },
          featuresClaim: text,
          admin: {
            type: 'object',
            additionalProperties: false,
            required: ['claim', 'roles'],
            properties: {
              claim: text,
              roles: { type: 'object', additionalProperties: { enum: ['owner', 'operator', 'auditor', 'viewer'] } },
            },
          },
        },
      },
    },
  },
}
