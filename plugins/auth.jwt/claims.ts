// From the claims of a proved token to who the caller is. What a claim says in another form than expected counts as not said, and never as more.
import type { JWTPayload } from 'jose'
import type { Directory, Principal } from '../../core/plugin/index.ts'
import type { AdminRole, Issuer } from './settings.ts'

/** Strongest first: who has several roles has the strongest. */
const ROLES: readonly AdminRole[] = ['owner', 'operator', 'auditor', 'viewer']

/** The caller, or why the token opens nothing here. */
export function principalOf(issuer: Issuer, claims: JWTPayload, directory: Directory): Principal | string {
  const tenantId = tenantOf(issuer, claims)
  if (tenantId === null) return 'it names no tenant'
  if (!directory.tenants.has(tenantId)) return `its tenant "${tenantId}" is not configured`
  const id = textAt(claims, issuer.userClaim)
  if (id === null) return `it has no claim "${issuer.userClaim}" to name its user by`
  const known = directory.users.get(id)
  const own = known?.tenant === tenantId ? known.roles : []
  return {
    tenantId,
    keyId: null,
    scopes: textsAt(claims, issuer.scopesClaim) ?? issuer.defaultScopes,
    models: null,
    features: issuer.featuresClaim === undefined ? null : textsAt(claims, issuer.featuresClaim),
    user: { id, roles: textsAt(claims, issuer.rolesClaim) ?? own, source: 'jwt' },
  }
}

/** The administrator that a token proves, or null. */
export function adminOf({ admin, userClaim }: Issuer, claims: JWTPayload): { readonly id: string; readonly role: AdminRole } | null {
  if (!admin) return null
  const values = textsAt(claims, admin.claim) ?? []
  const roles = values.flatMap((value) => (Object.hasOwn(admin.roles, value) ? [admin.roles[value]!] : []))
  const role = ROLES.find((one) => roles.includes(one))
  const id = textAt(claims, userClaim)
  return role === undefined || id === null ? null : { id, role }
}

function tenantOf({ tenant }: Issuer, claims: JWTPayload): string | null {
  if (typeof tenant === 'string') return tenant
  const said = textAt(claims, tenant.claim)
  if (said === null || !tenant.map) return said
  return Object.hasOwn(tenant.map, said) ? tenant.map[said]! : null
}

function textAt(claims: JWTPayload, path: string): string | null {
  const value = valueAt(claims, path)
  return typeof value === 'string' && value !== '' && value.length <= 256 ? value : null
}

/** A list of texts, or one text with spaces between words (RFC 8693, `scope`); null: the claim is not there. Anything else says nothing. */
function textsAt(claims: JWTPayload, path: string): readonly string[] | null {
  const value = valueAt(claims, path)
  if (value === undefined) return null
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '')
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
}

/** A claim may hold dots itself (`https://example.com/roles`): the whole name comes first. */
function valueAt(claims: JWTPayload, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  let value: unknown = claims
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as { readonly [name: string]: unknown })[name]
  }
  return value
}
