// Who the caller was proved to be. Everything here comes from a key, a token or the network, never from what a caller says of itself.
import type { Quota } from './quota.ts'

/** The proved caller of an exchange. Lists that are absent (null) restrict nothing; an empty list allows nothing. */
export interface Principal {
  readonly tenantId: string
  /** Null for principals without a key (an in-process caller). */
  readonly keyId: string | null
  /** The first key of the line of rotations that the key belongs to; absent: the key itself. Its limits count by it. */
  readonly keyFamily?: string
  readonly scopes: readonly string[]
  readonly models: readonly string[] | null
  readonly features: readonly string[] | null
  /** Limits of the key; absent: none. */
  readonly quota?: Quota
  /** The proved user, or null: a JWT subject, or `x-sallyport-user` from a key with the scope `act-as-user`. */
  readonly user: { readonly id: string; readonly roles: readonly string[]; readonly source: 'jwt' | 'act-as-user' } | null
}
